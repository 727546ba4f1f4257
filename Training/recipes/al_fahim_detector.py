"""Al Fahim, "Detection, Classification, and Segmentation of Intracranial Haemorrhages" (2021); detection.

Sections in brackets; (chosen) stands where the text is silent. It repeats Burduja, Ionescu and Verga, Sensors
20(19):5611, 2020.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PAPER = "Al Fahim, Detection, Classification, and Segmentation of Intracranial Haemorrhages (2021)"


@dataclass(frozen=True)
class Augmentation:
    """[III.B.2] "horizontal flipping, shifting, rotation, scaling, and brightness adjustment"; strengths are
    (chosen).

    Attributes:
        flip: probability.
        shift: share of the image's side, either way.
        rotation_degrees: either way.
        scale: factors from 1 - this to 1 + this.
        brightness: added to each window's 0..1, either way.
    """

    flip: float = 0.5
    shift: float = 0.0625
    rotation_degrees: float = 15.0
    scale: float = 0.1
    brightness: float = 0.1


@dataclass(frozen=True)
class Learning:
    """Adam and its numbers.

    Attributes:
        epochs: passes over the training data; the epoch with the least validation loss is kept.
        batch: slices of the CNN's batches; scans of the sequence's and of the end-to-end training's.
    """

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.0


@dataclass(frozen=True)
class DetectorRecipe:
    """A detector's training in two steps, and end to end.

    Attributes:
        slices: the CNN, ``kind`` and arguments for :func:`ICHSegmentationLib.networks.build`.
        size: rows and columns of its images.
        components, hidden: of the principal component analysis; of each direction of the LSTM.
        cnn, sequence: the two steps.
        end_to_end: both networks together, going on from the two steps; None leaves it out.
    """

    name: str
    slices: Mapping[str, Any]
    size: int
    components: int
    hidden: int
    augmentation: Augmentation
    cnn: Learning
    sequence: Learning
    end_to_end: Learning | None = None


RECIPE = DetectorRecipe(
    name="al_fahim_detector",
    slices={"kind": "resnext101_32x8d"},  # [III.B.3]
    size=256,  # [III.B.2]
    components=120,  # [III.B.3]
    hidden=128,  # [III.B.3] 256 of both directions
    augmentation=Augmentation(),
    cnn=Learning(
        epochs=3,  # [III.B.4] "the CNN's 3rd epoch"
        batch=32,  # (chosen)
        learning_rate=1e-4,  # (chosen)
    ),
    sequence=Learning(
        epochs=5,  # [III.B.4] "LSTM's 5th epoch"
        batch=4,  # (chosen)
        learning_rate=1e-4,  # (chosen)
    ),
)

END_TO_END = replace(
    RECIPE,
    name="al_fahim_detector_end_to_end",
    end_to_end=Learning(epochs=1, batch=1, learning_rate=1e-5),  # (chosen); the paper trains in two steps
)

SMALLER = replace(RECIPE, name="al_fahim_detector_resnext50", slices={"kind": "resnext50_32x4d"})
LIGHT = replace(RECIPE, name="al_fahim_detector_resnet18", slices={"kind": "resnet18", "width": 24})

DEBUG = replace(
    END_TO_END,
    name="al_fahim_detector_debug",
    slices={"kind": "resnet18", "width": 4},
    size=32,
    components=8,
    hidden=4,
    cnn=Learning(epochs=2, batch=8, learning_rate=1e-3),
    sequence=Learning(epochs=2, batch=2, learning_rate=1e-3),
    end_to_end=Learning(epochs=1, batch=1, learning_rate=1e-4),
)
"""The whole way in a tiny size, to see that it runs."""

DETECTOR_RECIPES = {each.name: each for each in (RECIPE, END_TO_END, SMALLER, LIGHT, DEBUG)}


@dataclass(frozen=True)
class Published:
    """A row of [Table I]."""

    auc_scan: float
    auc_slice: float
    accuracy_scan: float
    accuracy_slice: float


PUBLISHED = {
    "any": Published(0.9822, 0.9825, 0.9516, 0.9566),
    "epidural": Published(0.9146, 0.9767, 0.9879, 0.9967),
    "intraparenchymal": Published(0.9825, 0.9910, 0.9368, 0.9804),
    "intraventricular": Published(0.9882, 0.9965, 0.9651, 0.9901),
    "subarachnoid": Published(0.9633, 0.9780, 0.9153, 0.9741),
    "subdural": Published(0.9493, 0.9678, 0.9220, 0.9623),
}
"""[Table I], on 744 validation scans of the RSNA challenge."""

PUBLISHED_LOSS = 0.0647
"""[III.B.4] validation loss."""
