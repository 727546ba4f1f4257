"""Subtypes of what a model outlined that does not tell them apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..detection import CLASSES, Detection
from ..labels import HEMORRHAGE, SUBTYPES, Label
from ..models import Manifest
from ..preparation.even_slices import EvenSlices
from ..volume import Volume
from .journal import Journal

if TYPE_CHECKING:
    from ..measurement.measure import Told


@dataclass(frozen=True)
class ToldByModel:
    """The model's own labels; how sure it was of each lesion's is not known."""

    told_by: str = "model"

    def confidence(self, label: Label, voxel: tuple[int, int, int]) -> None:
        return None

    def body_at(self, voxel: tuple[int, int, int]) -> int:
        return 0


@dataclass(frozen=True)
class ToldOnEvenSlices:
    """What was told on a scan's even slices, asked for at voxels of its own."""

    told: "Told"
    even: EvenSlices

    @property
    def told_by(self) -> str:
        return self.told.told_by

    def confidence(self, label: Label, voxel: tuple[int, int, int]) -> float | None:
        return self.told.confidence(label, self.even.voxel(voxel))

    def body_at(self, voxel: tuple[int, int, int]) -> int:
        return self.told.body_at(self.even.voxel(voxel))


def told_apart(
    even: EvenSlices,
    mask: Volume,
    manifest: Manifest,
    detection: Detection | None,
    journal: Journal,
    at: float,
) -> "tuple[Volume, Told]":
    """The mask with its subtypes, and who told them: the model, or shape and place where it knows hemorrhage
    only.

    Args:
        mask: on the scan's own slices.
        detection: of its even slices.
        at: the fraction of the case that is done.
    """
    if manifest.labels != (HEMORRHAGE.id,):
        return mask, ToldByModel()
    return told_by_anatomy(even, mask, detection, journal, at)


def told_by_anatomy(
    even: EvenSlices, mask: Volume, detection: Detection | None, journal: Journal, at: float
) -> "tuple[Volume, Told]":
    """See :func:`told_apart`: told by shape and place, and by the detector where it ran."""
    from ..subtypes import tell_subtypes

    with journal.stage("subtypes", at):
        by_slice = None
        if detection is not None:
            names = (label.id for label in SUBTYPES if label.id in CLASSES)
            by_slice = {name: detection.of_slices(name) for name in names}
        told = tell_subtypes(even.ct, even.laid(mask), by_slice)
        journal.warn(told.warnings)
    if even.ct is even.scan:
        return told.mask, told
    values, found = np.array(mask.voxels), even.back(told.mask).voxels
    np.copyto(values, found, where=(values == HEMORRHAGE.value) & (found > 0))
    return Volume(values, mask.affine, mask.header), ToldOnEvenSlices(told, even)
