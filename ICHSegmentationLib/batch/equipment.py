"""What every worker of a batch is given, and what it makes of that before its first case."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..detection import Detector
from ..errors import ModelError
from ..pipeline import Segmenter
from ..pipeline.detection import detector_for
from ..pipeline.trouble import own_words
from ..settings import SegmentationSettings
from .limits import limit_memory
from .outcome import Problem

LoadSegmenter = Callable[[SegmentationSettings], Segmenter]
"""A function at the top of a module, so that a worker can find it."""


@dataclass(frozen=True)
class Equipment:
    """What every worker is given.

    Attributes:
        state_dir: the batch's own folder in ``out_dir``.
        settings: an earlier result in a case's folder is replaced: the batch has looked before.
        load: gives the segmenter; None where every case brings a mask.
        memory_mb: see :func:`.limits.limit_memory`; None sets no limit.
        model_sha256: of the model that the batch names in its results; None accepts any.
    """

    out_dir: Path
    state_dir: Path
    settings: SegmentationSettings
    load: LoadSegmenter | None
    memory_mb: float | None = None
    model_sha256: str | None = None


@dataclass(frozen=True)
class Tools:
    """What a worker keeps from case to case; nothing where every case brings a mask."""

    segmenter: Segmenter | None = None
    detector: Detector | None = None


@dataclass(frozen=True)
class Ready:
    """The worker has its model and waits for its first case."""


@dataclass(frozen=True)
class Unfit:
    """The worker cannot work: its model cannot be loaded, or it is not where it should be."""

    problem: Problem


def equip(equipment: Equipment) -> Tools:
    """Limit this process's memory as asked, and load the networks.

    Raises:
        ModelError: or one of its kinds: the model is not there, damaged, or not that of the batch.
        DependencyError, DeviceError, InsufficientMemoryError: it cannot be loaded.
    """
    with own_words():
        if equipment.memory_mb:
            limit_memory(equipment.memory_mb)
        if equipment.load is None:
            return Tools()
        segmenter = equipment.load(equipment.settings)
        found = segmenter.model.manifest
        if equipment.model_sha256 not in (None, found.sha256):
            raise ModelError(
                f"Expected the model of this batch, found another one named {found.id} {found.version}.",
                "Do not change models while a batch runs; give all machines the same.",
            )
        return Tools(segmenter, detector_for(equipment.settings))
