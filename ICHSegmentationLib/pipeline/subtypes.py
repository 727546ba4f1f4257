"""Subtypes of what a model outlined that does not tell them apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..detection import CLASSES, Detection
from ..labels import HEMORRHAGE, SUBTYPES, Label
from ..models import Manifest
from ..volume import CTVolume, Volume
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


def told_apart(
    ct: CTVolume, mask: Volume, manifest: Manifest, detection: Detection | None, journal: Journal, at: float
) -> "tuple[Volume, Told]":
    """The mask with its subtypes, and who told them: the model, or shape and place where it knows hemorrhage
    only.

    Args:
        at: the fraction of the case that is done.
    """
    if manifest.labels != (HEMORRHAGE.id,):
        return mask, ToldByModel()
    return told_by_anatomy(ct, mask, detection, journal, at)


def told_by_anatomy(
    ct: CTVolume, mask: Volume, detection: Detection | None, journal: Journal, at: float
) -> "tuple[Volume, Told]":
    """The mask, its hemorrhage of no subtype told by shape and place, and by the detector where it ran."""
    from ..subtypes import tell_subtypes

    with journal.stage("subtypes", at):
        by_slice = None
        if detection is not None:
            names = (label.id for label in SUBTYPES if label.id in CLASSES)
            by_slice = {name: detection.of_slices(name) for name in names}
        told = tell_subtypes(ct, mask, by_slice)
        journal.warn(told.warnings)
    return told.mask, told
