"""Look at one case as training would, and say in sentences what is wrong with it."""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.labels import LABELS
from ICHSegmentationLib.preparation.checks import check_ct
from ICHSegmentationLib.preparation.intracranial import intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import Volume

from .case import Case, SliceLabel
from .histogram import Histogram
from .reading import read_case

BLOOD_HU = (10.0, 120.0)
"""Median HU of a mask: even chronic blood lies above the lower end, calcification above the upper one."""

# What the libraries that open images raise on damaged ones, beside our own errors.
_DAMAGED = (OSError, ValueError, TypeError, ArithmeticError, LookupError, EOFError, zlib.error)


@dataclass(frozen=True)
class CaseReport:
    """What was found out about a case.

    Attributes:
        name: of the case.
        problem: why it must be left out; empty for a sound case.
        warnings: what its user should know, one sentence each.
        shape: number of slices, rows, columns in canonical order.
        spacing_mm: of slices, rows, columns in canonical order.
        volumes_ml: label id -> mL (0 for a label that is not there); None where there is no mask.
        digest: SHA-256 of the HU, whatever they were stored in.
        mask_digest: SHA-256 of the mask's labels; empty where there is no mask.
    """

    name: str
    problem: str = ""
    warnings: tuple[str, ...] = ()
    shape: tuple[int, int, int] = (0, 0, 0)
    spacing_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    volumes_ml: dict[str, float] | None = None
    digest: str = ""
    mask_digest: str = ""

    @property
    def hemorrhage_ml(self) -> float | None:
        """Of all labels together; None where there is no mask."""
        return None if self.volumes_ml is None else sum(self.volumes_ml.values())


@dataclass(frozen=True)
class Densities:
    """HU of a case: inside its mask, and inside the skull but outside the mask."""

    foreground: Histogram = field(default_factory=Histogram)
    brain: Histogram = field(default_factory=Histogram)


def check_case(case: Case) -> tuple[CaseReport, Densities]:
    """Read a case, check it and describe it. A bad one gives a report with a problem, not an error.

    Raises:
        MemoryError: that is no fault of the case.
    """
    try:
        return _examined(case)
    except ICHError as error:
        return CaseReport(case.name, str(error)), Densities()
    except _DAMAGED as error:
        sentence = f"It cannot be read: {type(error).__name__}: {error}."
        return CaseReport(case.name, sentence), Densities()


def _examined(case: Case) -> tuple[CaseReport, Densities]:
    ct, mask = read_case(case)
    warnings = [*ct.warnings, *check_ct(ct)]
    order = Reorientation.of(ct.grid)
    hu, spacing = order.apply(ct.voxels), order.grid.spacing
    region = intracranial_region(hu, spacing)
    warnings += region.warnings
    marked = np.zeros(hu.shape, bool) if mask is None else order.apply(mask.voxels) > 0
    densities = Densities(Histogram.of(hu[marked]), Histogram.of(hu[region.mask & ~marked]))
    problem = ""
    if mask is not None:
        problem = _contradiction(case, bool(marked.any()))
        warnings += _mask_warnings(case, mask, densities.foreground)
    report = CaseReport(
        name=case.name,
        problem=problem,
        warnings=tuple(warnings),
        shape=order.grid.shape,
        spacing_mm=spacing,
        volumes_ml=None if mask is None else _volumes_ml(mask),
        # The same for the same HU in the same order, whether stored as whole numbers or not.
        digest=_digest(ct.voxels, np.float32),
        mask_digest="" if mask is None else _digest(mask.voxels, np.uint8),
    )
    return report, densities


def _contradiction(case: Case, marked: bool) -> str:
    seen = _seen(case)
    if seen is not None and seen.any and not marked:
        return "Readers saw hemorrhage, but its mask is empty."
    return ""


def _mask_warnings(case: Case, mask: Volume, foreground: Histogram) -> Iterator[str]:
    seen = _seen(case)
    if not foreground.counts:
        if seen is None:
            yield "Its mask is empty: it counts as free of hemorrhage."
        return
    median = foreground.percentile(50)
    if not BLOOD_HU[0] <= median <= BLOOD_HU[1]:
        yield f"Its mask marks a median of {median:.0f} HU, which is no blood: does it fit the scan?"
    if seen is not None and not seen.any:
        yield "Readers saw no hemorrhage, but its mask marks some."
    elif case.slice_labels is not None:
        yield from _slice_warnings(case.slice_labels, np.any(mask.voxels, axis=(1, 2)))


def _slice_warnings(labels: tuple[SliceLabel, ...], marked: Any) -> Iterator[str]:
    seen = np.array([label.any for label in labels])
    for count, sentence in (
        (int((seen & ~marked).sum()), "on which readers saw hemorrhage have none in the mask"),
        (int((marked & ~seen).sum()), "with hemorrhage in the mask have none by the readers"),
    ):
        if count:
            yield f"{count} slices {sentence}."


def _seen(case: Case) -> SliceLabel | None:
    """What the readers saw on the scan."""
    if case.scan_labels is not None or case.slice_labels is None:
        return case.scan_labels
    return SliceLabel(any=any(label.any for label in case.slice_labels))


def _volumes_ml(mask: Volume) -> dict[str, float]:
    """Voxels x |det(affine)|, mL."""
    counts = np.bincount(mask.voxels[mask.voxels > 0], minlength=256)
    ml = mask.grid.voxel_volume_mm3 / 1000
    return {label.id: round(float(counts[label.value] * ml), 4) for label in LABELS}


def _digest(voxels: NDArray[Any], kind: type[np.generic]) -> str:
    values: NDArray[Any] = np.ascontiguousarray(voxels, dtype=kind)
    return hashlib.sha256(repr(values.shape).encode() + values.tobytes()).hexdigest()
