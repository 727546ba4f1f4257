"""From a mask to everything measured on it."""

from dataclasses import replace
from typing import Protocol

from numpy.typing import ArrayLike

from ..labels import HEMORRHAGE, SUBTYPES, Label
from ..settings import MeasurementSettings
from ..volume import Volume
from .applicability import coarse_warnings, scattered_reason, solidity, unfit_reason, unfit_shape_reason
from .axial import AxialView, axial_view
from .components import a_voxel, find_components
from .results import Lesion, Measurements, Tada, ToldLabel
from .tada import estimate
from .voxel_volume import centroid_mm, volume_ml

DEFAULT_SETTINGS = MeasurementSettings()


class Told(Protocol):
    """Who told the labels of a mask, and how surely."""

    @property
    def told_by(self) -> str: ...
    def confidence(self, label: Label, voxel: tuple[int, int, int], /) -> float | None: ...
    def body_at(self, voxel: tuple[int, int, int], /) -> int:
        """The number of the connected hemorrhage at this voxel; 0 where that is not known."""


def measure(
    mask: Volume,
    settings: MeasurementSettings = DEFAULT_SETTINGS,
    slice_positions_mm: ArrayLike | None = None,
    told: Told | None = None,
) -> Measurements:
    """Volumes, lesions and Tada estimates of a mask, the same for every way of storing it.

    Args:
        mask: label values ``[D, H, W]``, see ``labels``; an empty mask measures 0 mL.
        settings: what counts as one lesion, and which are too small for an estimate.
        slice_positions_mm: ``[D]`` positions along the normal where slices are unevenly spaced
            (``CTVolume.slice_positions_mm``).
        told: who told the labels of the mask; None where a person drew it.

    Raises:
        UnknownLabelError: a voxel holds a value that is no label.
        GeometryError: the slice positions do not fit the mask.
    """
    view = axial_view(mask, slice_positions_mm)
    found = [(volume_ml(part), label, part) for label, part in find_components(view, settings.connectivity)]
    # Rounded, so that two equally large lesions keep the order of the scan whatever the rounding errors.
    found.sort(key=lambda lesion: round(lesion[0], 9), reverse=True)
    scattered = scattered_reason([volume for volume, label, _ in found if label == HEMORRHAGE])

    lesions: list[Lesion] = []
    warnings: list[str] = []
    for number, (volume, label, part) in enumerate(found, start=1):
        tada, coarse = _tada(number, label, part, volume, scattered, settings)
        first, last = sorted(int(index) for index in part.axes[0].indices[[0, -1]])
        lesions.append(Lesion(number, label.id, volume, centroid_mm(part), (first, last), tada))
        warnings.extend(coarse)
    if told is not None:
        lesions = _with_what_was_told(lesions, [(label, a_voxel(part)) for _, label, part in found], told)

    total, reason = _tada_total(lesions)
    return Measurements(
        total_volume_ml=sum(lesion.volume_ml for lesion in lesions),
        subtypes=_subtype_volumes(lesions),
        lesions=tuple(lesions),
        tada_total_ml=total,
        tada_total_reason=reason,
        slice_axis=view.slice_axis,
        warnings=tuple(warnings),
    )


def _tada(
    number: int, label: Label, part: AxialView, volume: float, scattered: str, settings: MeasurementSettings
) -> tuple[Tada, list[str]]:
    """The estimate of one lesion, or why there is none, and the warnings that go with it."""
    unknown = label == HEMORRHAGE
    reason = unfit_reason(label, volume, settings.smallest_lesion_ml) or (scattered if unknown else "")
    if reason:
        return Tada(applicable=False, reason=reason), []
    filled = solidity(part)
    if unknown and (reason := unfit_shape_reason(filled)):
        return Tada(applicable=False, reason=reason), []
    return estimate(part), coarse_warnings(number, len(part.voxels), filled)


def _with_what_was_told(
    lesions: list[Lesion], places: list[tuple[Label, tuple[int, int, int]]], told: Told
) -> list[Lesion]:
    bodies = [told.body_at(voxel) for _, voxel in places]
    complete = []
    for lesion, body, (label, voxel) in zip(lesions, bodies, places, strict=True):
        touches = tuple(
            other.id
            for other, its_body in zip(lesions, bodies, strict=True)
            if body and its_body == body and other.label != lesion.label
        )
        how = ToldLabel(told.confidence(label, voxel), told.told_by, touches)
        complete.append(replace(lesion, told=how))
    return complete


def _tada_total(lesions: list[Lesion]) -> tuple[float | None, str]:
    volumes = [lesion.tada.volume_ml for lesion in lesions if lesion.tada.volume_ml is not None]
    if not lesions:
        return None, "There is no lesion."
    if not volumes:
        reasons = dict.fromkeys(lesion.tada.reason for lesion in lesions)
        return None, " ".join(reasons)
    left_out = len(lesions) - len(volumes)
    reason = f"Leaves out {left_out} of {len(lesions)} lesions, see each one's reason." if left_out else ""
    return sum(volumes), reason


def _subtype_volumes(lesions: list[Lesion]) -> dict[str, float]:
    volumes = {
        label.id: [lesion.volume_ml for lesion in lesions if lesion.label == label.id] for label in SUBTYPES
    }
    return {name: sum(parts) for name, parts in volumes.items() if parts}
