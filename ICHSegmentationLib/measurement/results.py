"""What a measurement gives: plain numbers, ready for JSON."""

from dataclasses import asdict, dataclass
from typing import Any

Point = tuple[float, float, float]
"""A place in patient coordinates (right, anterior, superior), in mm."""


@dataclass(frozen=True)
class Tada:
    """The Tada estimate of one lesion. All but ``applicable`` and ``reason`` are None where it is not meant.

    Attributes:
        applicable: whether the formula is meant for this lesion.
        reason: why not; empty where it is.
        a_mm: longest diameter on the slice where the lesion's area is largest, between pixel edges.
        b_mm: longest line perpendicular to A on the same slice.
        c_mm: depth: number of slices x distance between slice positions.
        volume_ml: pi/6 A B C.
        abc2_ml: A B C / 2.
        c_kothari_mm: depth by Kothari 1996: slices weighted by their share of the largest area.
        volume_kothari_ml: pi/6 A B C with that depth.
        abc2_kothari_ml: A B C / 2 with that depth.
        two_thirds_sh_ml: 2/3 S h: S the largest slice area (by pixels), h the depth C.
        slice_index: where A and B lie, on the array axis ``Measurements.slice_axis``, counted from 0.
        a_ends_mm, b_ends_mm: the ends of both lines.
    """

    applicable: bool
    reason: str = ""
    a_mm: float | None = None
    b_mm: float | None = None
    c_mm: float | None = None
    volume_ml: float | None = None
    abc2_ml: float | None = None
    c_kothari_mm: float | None = None
    volume_kothari_ml: float | None = None
    abc2_kothari_ml: float | None = None
    two_thirds_sh_ml: float | None = None
    slice_index: int | None = None
    a_ends_mm: tuple[Point, Point] | None = None
    b_ends_mm: tuple[Point, Point] | None = None


@dataclass(frozen=True)
class ToldLabel:
    """How a lesion came to its label, where no person drew it.

    Attributes:
        subtype_confidence: probability (0 to 1) of the likeliest subtype; where it is too low the label stays
            ``hemorrhage``. None where no probability is known.
        subtype_told_by: ``anatomy`` (shape and place), ``anatomy and detector``, or ``model``.
        touches: ids of the lesions of other labels that make up one connected hemorrhage with this one.
    """

    subtype_confidence: float | None
    subtype_told_by: str
    touches: tuple[int, ...] = ()


@dataclass(frozen=True)
class Lesion:
    """One connected piece of one label.

    Attributes:
        id: 1 for the largest, then by falling volume.
        label: id of its label, see ``labels``.
        slices: first and last slice, on the array axis ``Measurements.slice_axis``, counted from 0.
        told: how it came to its label; None where a person drew it.
    """

    id: int
    label: str
    volume_ml: float
    centroid_mm: Point
    slices: tuple[int, int]
    tada: Tada
    told: ToldLabel | None = None


@dataclass(frozen=True)
class Measurements:
    """Everything measured on one mask.

    Attributes:
        total_volume_ml: volume of all labels, by voxels.
        subtypes: mL of each subtype in the mask, by label id; without hemorrhage of unknown subtype.
        lesions: largest first; empty for an empty mask, which is a result.
        tada_total_ml: sum of the Tada estimates (pi/6 A B C, C by counting slices); None without any.
        tada_total_reason: what the sum leaves out, or why there is none; empty where it holds every lesion.
        slice_axis: which axis of the mask's array ``[D, H, W]`` slice indices count on.
        warnings: what a user should know, one sentence each.
    """

    total_volume_ml: float
    subtypes: dict[str, float]
    lesions: tuple[Lesion, ...]
    tada_total_ml: float | None
    tada_total_reason: str
    slice_axis: int
    warnings: tuple[str, ...] = ()
    coordinate_system: str = "RAS"

    def to_dict(self) -> dict[str, Any]:
        """The content for ``measurements.json``: dicts, lists, strings and finite numbers.

        What :class:`ToldLabel` says stands beside the lesion's other numbers, where it says anything.
        """
        content = asdict(self)
        for lesion in content["lesions"]:
            lesion |= lesion.pop("told") or {}
        return _plain(content)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
