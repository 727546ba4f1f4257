"""What outlines the hemorrhage, loaded with torch no earlier than it is needed."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from .. import models
from ..doctor.packages import require_pytorch
from ..errors import ModelError
from ..models import ModelFolder
from ..settings import DeviceName, EngineName, SegmentationSettings
from ..volume import CTVolume, Volume

StageListener = Callable[[str, float], None]
"""Hears the name of each stage and the fraction of the segmentation that is done, 0 to 1."""


class Uncertainty(Protocol):
    """Where a segmenter was unsure.

    Attributes:
        map: uint8 on the CT's own grid, 0 (sure) to 100 (a probability of 50 %).
        left_out_ml: volume (mL) of the largest region that may be hemorrhage and was not looked at closely.
        reasons: what made the search itself less sure, one sentence each.
        half_ratio: of an ensemble whose members vote; None of all others.
    """

    @property
    def map(self) -> Volume: ...
    @property
    def left_out_ml(self) -> float: ...
    @property
    def reasons(self) -> tuple[str, ...]: ...
    @property
    def half_ratio(self) -> float | None: ...


class Segmentation(Protocol):
    """What a segmenter found: label values (uint8) on the CT's own grid, and how it got there.

    Attributes:
        specks: label values of regions that were left out of ``mask`` as too small; None of a segmenter that
            tells of none.
    """

    @property
    def mask(self) -> Volume: ...
    @property
    def specks(self) -> Volume | None: ...
    @property
    def uncertainty(self) -> Uncertainty: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def timings_s(self) -> Mapping[str, float]: ...
    @property
    def device(self) -> str: ...
    @property
    def engine(self) -> str: ...


class Segmenter(Protocol):
    """Outlines hemorrhage on any number of scans with one model."""

    @property
    def model(self) -> ModelFolder: ...
    def __call__(self, ct: CTVolume, progress: StageListener, /) -> Segmentation: ...


def load_segmenter(settings: SegmentationSettings) -> Segmenter:
    """What outlines as these settings say, its model verified; the last one is kept, for scans in a row.

    Raises:
        ModelError: or one of its kinds: the model is not there, damaged or altered.
        DeviceError: the device is not there.
        DependencyError: PyTorch is not installed, or broken.
        ImportError: MONAI is not installed.
    """
    model = models.find(settings.model)
    return _loaded(
        model.path.resolve(), model.manifest.sha256, settings.device, settings.threads, settings.engine
    )


@lru_cache(maxsize=1)
def _loaded(
    folder: Path, sha256: str, device: DeviceName, threads: int | None, engine: EngineName
) -> Segmenter:
    """What runs the model in ``folder``; its hash is there to tell a changed model from the kept one."""
    model = ModelFolder.open(folder)
    if model.manifest.recipe == "detector":
        raise ModelError(
            f"Expected a model that outlines, found the detector '{model.manifest.id}'.",
            "This model only detects: use 'ichseg detect', or --detector.",
        )
    if model.manifest.recipe != "cascade":
        model.verify()
        require_pytorch()
        return _trained(model, device, threads, engine)
    from ..inference.cascade import Segmenter as Cascade

    try:
        return Cascade(model, device, threads, engine)
    except (ImportError, OSError):
        require_pytorch()  # says better what is wrong, if it is PyTorch
        raise


def _trained(model: ModelFolder, device: str, threads: int | None, engine: EngineName) -> Segmenter:
    """What runs a model that ``ichseg-train`` exported."""
    from ..inference.ensemble import RECIPES
    from ..inference.ensemble import Segmenter as Ensemble

    if model.manifest.recipe not in RECIPES:
        raise ModelError(
            f"Expected a model of the recipe cascade, {', '.join(RECIPES)}, found '{model.manifest.recipe}'.",
            "Update ICHSegmentation, or take a model made for this version.",
        )
    return Ensemble(model, device, threads, engine)
