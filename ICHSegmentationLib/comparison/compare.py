"""Two segmented scans of one head: what grew, and how the scans lie on each other.

Each volume is measured on its own scan's voxels. The registration does not touch it: it shows both scans in
one place, and tells whether they show the same head, the same part of it, and hemorrhage in the same place.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels import HEMORRHAGE, INTRAPARENCHYMAL, INTRAVENTRICULAR, SUBTYPES, label_named
from ..measurement import Measurements, measure
from ..preparation.checks import check_ct
from ..preparation.even_slices import with_even_slices
from ..volume import CTVolume, Grid, Volume
from .elsewhere import APART_MM, elsewhere_ml, moved, within
from .growth import WITHIN_ERROR_ML, Change
from .registration import LEAST_LIKENESS, Progress, Registration, no_progress, register

NOTABLE_ML = 0.1
"""The smallest lesion measured. Less than this beyond the other scan's edge is not worth a warning; less than
this of no subtype, as specks stay, does not silence the other subtypes."""


@dataclass(frozen=True)
class Comparison:
    """What has changed from the first scan to the second.

    Attributes:
        total: all hemorrhage.
        subtypes: each subtype on either scan, by label id; empty where a scan has hemorrhage of no subtype
            (specks aside).
        expansion: all hemorrhage, or the intraparenchymal alone, grew by at least 6 mL or 33 %.
        expansion_with_ivh: the same, or new or at least 1 mL more intraventricular hemorrhage; None where
            subtypes are not told.
        new_ml, gone_ml: hemorrhage of the second scan without a counterpart on the first, and the other way
            round (see :mod:`.elsewhere`); None where the scans do not fit on each other.
        registration: how the second scan lies over the first.
        warnings: what a user should know, one sentence each.
    """

    total: Change
    subtypes: dict[str, Change]
    expansion: bool
    expansion_with_ivh: bool | None
    new_ml: float | None
    gone_ml: float | None
    registration: Registration
    warnings: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The result in words; warnings last."""
        return [
            f"Hemorrhage {_verb(self.total)} {self.total}.",
            _verdict(self),
            *(f"{label_named(name).name}: {change}." for name, change in self.subtypes.items()),
            *_elsewhere(self),
            *self.warnings,
        ]

    def to_dict(self) -> dict[str, Any]:
        """The content for ``comparison.json``."""
        registration = self.registration
        return {
            **self.total.to_dict(),
            "subtypes": {name: change.to_dict() for name, change in self.subtypes.items()},
            "expansion": self.expansion,
            "expansion_with_ivh": self.expansion_with_ivh,
            "new_ml": self.new_ml,
            "gone_ml": self.gone_ml,
            "registration": {
                "second_to_first": registration.second_to_first.tolist(),
                "coordinate_system": "RAS",
                "rotation_degrees": registration.rotation_degrees,
                "likeness": registration.likeness,
                "overlap": registration.overlap,
                "trusted": registration.trusted,
            },
            "sentences": self.sentences,
            "warnings": list(self.warnings),
        }


def compare(
    first: CTVolume,
    first_mask: Volume,
    second: CTVolume,
    second_mask: Volume,
    progress: Progress = no_progress,
) -> Comparison:
    """Compare two segmented head CTs of one patient.

    Args:
        first, second: the earlier and the later scan, on any grids.
        first_mask, second_mask: label values on the grid of each.
        progress: see :func:`.register`.

    Raises:
        GridMismatchError: a mask lies on another grid than its scan.
        NoHeadError, NotHounsfieldError, NonFiniteError: a scan is no head CT.
        UnknownLabelError: a mask holds a value that is no label.
        InputError: a scan has too few slices to be laid over another.
    """
    measured = [_measured(ct, mask) for ct, mask in ((first, first_mask), (second, second_mask))]
    limits = [
        f"{which} scan: {warning}"
        for which, ct, mask in (("First", first, first_mask), ("Second", second, second_mask))
        for warning in (*ct.warnings, *mask.warnings, *check_ct(ct))
    ]
    laid = with_even_slices(first, first_mask), with_even_slices(second, second_mask)
    registration = register(laid[0][0], laid[1][0], progress)
    new = gone = None
    if registration.trusted:
        new = elsewhere_ml(laid[1][1], laid[0][1], registration.second_to_first, NOTABLE_ML)
        gone = elsewhere_ml(laid[0][1], laid[1][1], registration.first_to_second, NOTABLE_ML)
    total = Change(measured[0].total_volume_ml, measured[1].total_volume_ml)
    told = all(_untold_ml(m) < NOTABLE_ML for m in measured)
    subtypes = _subtypes(*measured) if told else {}
    iph, ivh = (subtypes.get(label.id, Change(0.0, 0.0)) for label in (INTRAPARENCHYMAL, INTRAVENTRICULAR))
    grown = [change for change in (total, iph) if change.is_expansion]
    grown_with_ivh = [*grown, *([ivh] if ivh.is_ivh_expansion else [])]
    warnings = [
        *_fit_warnings(registration),
        *_cover_warnings(registration, *laid[0], *laid[1]),
        *_doubt_warnings(grown_with_ivh),
        *([] if told else _subtype_warnings(measured)),
        *limits,
    ]
    return Comparison(
        total,
        subtypes,
        bool(grown),
        bool(grown_with_ivh) if told else None,
        new,
        gone,
        registration,
        tuple(dict.fromkeys([*warnings, *registration.warnings])),
    )


def _measured(ct: CTVolume, mask: Volume) -> Measurements:
    ct.require_same_grid(mask)
    return measure(mask, slice_positions_mm=ct.slice_positions_mm)


def _untold_ml(measured: Measurements) -> float:
    """mL of hemorrhage of no subtype."""
    return sum(lesion.volume_ml for lesion in measured.lesions if lesion.label == HEMORRHAGE.id)


def _subtypes(first: Measurements, second: Measurements) -> dict[str, Change]:
    return {
        label.id: Change(first.subtypes.get(label.id, 0.0), second.subtypes.get(label.id, 0.0))
        for label in SUBTYPES
        if label.id in first.subtypes or label.id in second.subtypes
    }


def _verb(change: Change) -> str:
    if abs(change.growth_ml) < 0.05:
        return "is unchanged,"
    return "grew" if change.growth_ml > 0 else "shrank"


def _verdict(comparison: Comparison) -> str:
    iph = comparison.subtypes.get(INTRAPARENCHYMAL.id)
    if comparison.expansion and iph is not None and not iph.is_expansion:
        return (
            "All hemorrhage together grew by at least 6 mL or at least 33 %; the intraparenchymal, for which "
            "the usual definition is meant, did not."
        )
    if comparison.expansion:
        return "This is hematoma expansion by the usual definition (at least 6 mL or at least 33 %)."
    if comparison.expansion_with_ivh:
        return (
            "This is expansion by the revised definition only: intraventricular hemorrhage is new or grew by "
            "at least 1 mL."
        )
    return "This is no hematoma expansion by the usual definition (at least 6 mL or at least 33 %)."


def _elsewhere(comparison: Comparison) -> list[str]:
    sentences = []
    if comparison.new_ml:
        sentences.append(
            f"{comparison.new_ml:.1f} mL are new: they lie {APART_MM:.0f} mm or more from all hemorrhage of "
            "the first scan."
        )
    if comparison.gone_ml:
        sentences.append(
            f"{comparison.gone_ml:.1f} mL of the first scan are gone: nothing is outlined within "
            f"{APART_MM:.0f} mm of them on the second."
        )
    return sentences


def _fit_warnings(registration: Registration) -> list[str]:
    if registration.trusted:
        return []
    if registration.likeness >= LEAST_LIKENESS:
        return [
            f"Only {registration.overlap:.0%} of the head on the first scan lies on the second too, which is "
            "too little to tell whether they fit on each other: the growth may not be that of the same part "
            "of the head."
        ]
    return [
        f"The two scans do not fit on each other (likeness {registration.likeness:.2f}, "
        f"{registration.overlap:.0%} of the head on both): check that they show the same patient."
    ]


def _cover_warnings(
    registration: Registration, first: CTVolume, first_mask: Volume, second: CTVolume, second_mask: Volume
) -> list[str]:
    """Hemorrhage that only one of the scans can show."""
    if not registration.trusted:
        return []
    warnings = []
    for which, mask, other, way, name in (
        ("second", second_mask, first.grid, registration.second_to_first, "first"),
        ("first", first_mask, second.grid, registration.first_to_second, "second"),
    ):
        beyond = _beyond_ml(mask, other, way)
        if beyond >= NOTABLE_ML:
            warnings.append(
                f"{beyond:.1f} mL of the hemorrhage on the {which} scan lie where the {name} scan does not "
                "reach: the growth is not that of the same part of the head."
            )
    return warnings


def _beyond_ml(mask: Volume, other: Grid, way: NDArray[np.float64]) -> float:
    """mL of a mask that come to lie outside the grid ``other`` when ``way`` ``[4, 4]`` takes them there."""
    inside = within(other, moved(mask.grid.world(np.argwhere(mask.voxels)), way))
    return int(np.count_nonzero(~inside)) * mask.grid.voxel_volume_mm3 / 1000


def _doubt_warnings(grown: list[Change]) -> list[str]:
    """``grown``: what makes it an expansion, by either definition."""
    if not grown or max(change.growth_ml for change in grown) >= WITHIN_ERROR_ML:
        return []
    return [
        f"A growth of less than {WITHIN_ERROR_ML} mL is within the usual error of an automatic outline: "
        "check both outlines."
    ]


def _subtype_warnings(measured: list[Measurements]) -> list[str]:
    if not any(m.subtypes for m in measured):
        return []
    return ["Growth by subtype is not given: some of the hemorrhage has no subtype."]
