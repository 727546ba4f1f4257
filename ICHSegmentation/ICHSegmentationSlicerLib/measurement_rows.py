"""The measurements of a scan as rows to read: the total, each subtype, each lesion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ICHSegmentationLib.labels import HEMORRHAGE, INTRAVENTRICULAR, label_named
from ICHSegmentationLib.report.numbers import ml, ml_more, signed, slice_range
from ICHSegmentationLib.wording import in_percent

from .translation import tr as _

LARGE_ML = 30.0
"""From here on a hemorrhage scores a point in the ICH score (Hemphill et al., Stroke 2001;32:891), as blood
in the ventricles does."""

Measured = Mapping[str, Any]
"""The content of ``measurements.json``, or the measuring part of it. ``edited`` in it, where it stands, lists
the ids of labels that a person has changed."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        kind: ``total``, ``subtype`` or ``lesion``.
        volume_ml, tada_ml: by voxels, and by pi/6 A B C; None where the formula is not meant.
        comparable: whether both volumes are of the same blood; a Tada sum may leave lesions out.
        slices: first and last slice, counted from 1 along the stored order.
        marks: short words for what matters.
        reason: why there is no Tada volume, or what it leaves out; empty otherwise.
        place: where a click leads, world RAS in mm; None where there is nothing.
        lesion: number of the lesion; None on other rows.
    """

    kind: str
    name: str
    volume_ml: float
    tada_ml: float | None = None
    comparable: bool = True
    slices: tuple[int, int] | None = None
    marks: tuple[str, ...] = ()
    reason: str = ""
    place: tuple[float, float, float] | None = None
    lesion: int | None = None

    @property
    def difference_ml(self) -> float | None:
        """Tada volume less volume by voxels, in mL; None where they cannot be compared."""
        return None if self.tada_ml is None or not self.comparable else self.tada_ml - self.volume_ml

    @property
    def difference_percent(self) -> float | None:
        """The difference as percent of the volume by voxels."""
        if self.difference_ml is None or self.volume_ml == 0:
            return None
        return 100 * self.difference_ml / self.volume_ml


def rows_of(measurements: Measured) -> list[Row]:
    """The total first, then each subtype by label, then the lesions, largest first."""
    lesions = [_lesion(lesion, measurements) for lesion in measurements["lesions"]]
    subtypes = [
        _subtype(name, volume, lesions, measurements) for name, volume in measurements["subtypes"].items()
    ]
    return [_total(measurements, lesions), *subtypes, *lesions]


def notable(measurements: Measured) -> list[str]:
    """What a reader should see first, one sentence each; a mask without hemorrhage is told, too."""
    if not measurements["lesions"]:
        return [_("No hemorrhage segmented.")]
    sentences = []
    total = measurements["total_volume_ml"]
    if total >= LARGE_ML:
        sentences.append(
            _("The total volume is {volume} mL: {limit:g} mL or more.").format(
                volume=ml(total), limit=LARGE_ML
            )
        )
    ventricles = measurements["subtypes"].get(INTRAVENTRICULAR.id, 0.0)
    if ventricles > 0:
        sentences.append(
            _("Intraventricular hemorrhage is present ({volume} mL).").format(volume=ml(ventricles))
        )
    return sentences


def edited_warnings(measurements: Measured) -> list[str]:
    """What a reader of a page must know who sees no table of the panel: what is not the model's any more."""
    names = dict.fromkeys(_(label_named(label).name).lower() for label in measurements.get("edited", ()))
    if not names:
        return []
    return [_("A person has edited the outline since it was made: {labels}.").format(labels=", ".join(names))]


def cells(row: Row) -> tuple[str, ...]:
    """Name, slices, volume, Tada volume, difference in mL and in percent, and a note; as they are shown."""
    difference = "" if row.difference_ml is None else ml_more(row.difference_ml)
    percent = "" if row.difference_percent is None else signed(f"{row.difference_percent:.0f}") + " %"
    tada = "" if row.tada_ml is None else ml(row.tada_ml)
    note = "; ".join([*row.marks, *([row.reason] if row.reason else [])])
    slices = slice_range(row.slices) if row.slices else ""
    return row.name, slices, ml(row.volume_ml), tada, difference, percent, note


def headings() -> tuple[str, ...]:
    """Of the columns that :func:`cells` fills."""
    return (
        _("Finding"), _("Slices"), _("Volume (mL)"), _("Tada (mL)"), _("Difference (mL)"), _("Difference"),
        _("Note"),
    )  # fmt: skip


def _total(measurements: Measured, lesions: list[Row]) -> Row:
    if not lesions:
        edited = _marks(0.0, bool(measurements.get("edited")))
        return Row("total", _("No hemorrhage segmented"), 0.0, marks=edited)
    volume, leaves_out = measurements["total_volume_ml"], measurements["tada_total_reason"]
    marks = _marks(volume, bool(measurements.get("edited")))
    if measurements["subtypes"].get(INTRAVENTRICULAR.id, 0.0) > 0:
        marks += (_("IVH present"),)
    return Row(
        "total",
        _("Total"),
        volume,
        measurements["tada_total_ml"],
        comparable=not leaves_out,
        marks=marks,
        reason=leaves_out,
        place=lesions[0].place,
    )


def _subtype(name: str, volume: float, lesions: list[Row], measurements: Measured) -> Row:
    label = label_named(name)
    own = [
        row for row, lesion in zip(lesions, measurements["lesions"], strict=True) if lesion["label"] == name
    ]
    marks = _marks(volume, name in measurements.get("edited", ()))
    if label == INTRAVENTRICULAR:
        marks += (_("IVH present"),)
    return Row("subtype", _(label.name), volume, marks=marks, place=own[0].place if own else None)


def _lesion(lesion: Mapping[str, Any], measurements: Measured) -> Row:
    tada, label = lesion["tada"], label_named(lesion["label"])
    return Row(
        "lesion",
        _("Lesion {number} ({label})").format(number=lesion["id"], label=label.abbreviation),
        lesion["volume_ml"],
        tada["volume_ml"],
        slices=(lesion["slices"][0] + 1, lesion["slices"][1] + 1),
        marks=_marks(lesion["volume_ml"], lesion["label"] in measurements.get("edited", ())) + _sure(lesion),
        reason=tada["reason"],
        place=_place(lesion),
        lesion=lesion["id"],
    )


def _sure(lesion: Mapping[str, Any]) -> tuple[str, ...]:
    """How surely the lesion is what it is called, where nobody but a program has said it."""
    confidence = lesion.get("subtype_confidence")
    if confidence is None:
        return ()
    if lesion["label"] == HEMORRHAGE.id:
        return (_("subtype unclear"),)
    return (_("{chance} sure").format(chance=in_percent(confidence)),)


def _place(lesion: Mapping[str, Any]) -> tuple[float, float, float]:
    """The middle of line A, which lies on the slice of largest area; the centroid where there is no line."""
    ends = lesion["tada"]["a_ends_mm"]
    x, y, z = [(a + b) / 2 for a, b in zip(*ends, strict=True)] if ends else lesion["centroid_mm"]
    return x, y, z


def _marks(volume: float, edited: bool) -> tuple[str, ...]:
    large = (_("{limit:g} mL or more").format(limit=LARGE_ML),) if volume >= LARGE_ML else ()
    return large + ((_("edited"),) if edited else ())
