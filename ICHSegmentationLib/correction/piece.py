"""A part of a scan: some voxels in a box."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..measurement.axial import slice_volumes_mm3
from ..preparation.even_slices import EvenSlices
from ..volume import CTVolume

Box = tuple[slice, slice, slice]
Index = tuple[int, int, int]


@dataclass(frozen=True)
class Piece:
    """Voxels of a scan, cut to a box.

    Attributes:
        box: where ``inside`` lies in the scan's array ``[D, H, W]``.
        inside: ``[d, h, w]``, True for the voxels of the piece.
        goes_on: whether something of the same density that is connected with it was left out.
    """

    box: Box
    inside: NDArray[np.bool_]
    goes_on: bool = False

    def volume_ml(self, scan: CTVolume) -> float:
        """As it is measured: voxel count x |det(affine)|, or x the slices' own thickness, in mL."""
        of_slices = slice_volumes_mm3(scan, scan.slice_positions_mm)[self.box[0]]
        return float(np.count_nonzero(self.inside, axis=(1, 2)) @ of_slices) / 1000

    def back(self, even: EvenSlices) -> "Piece":
        """The same of the scan's own slices, of a piece of its even ones."""
        first, rows, columns = self.box
        own = slice(int(even.shown[first.start]), int(even.shown[first.stop - 1]) + 1)
        shown_at = even.places[own].clip(first.start, first.stop - 1)
        return Piece((own, rows, columns), self.inside[shown_at - first.start], self.goes_on)


def trimmed(box: Box, inside: NDArray[np.bool_]) -> Piece:
    """The piece without empty margins; ``inside`` holds at least one True."""
    tight = box_of(inside)
    placed = tuple(slice(b.start + t.start, b.start + t.stop) for b, t in zip(box, tight, strict=True))
    return Piece(placed, np.ascontiguousarray(inside[tight]))  # type: ignore[arg-type]


def box_of(inside: NDArray[np.bool_]) -> Box:
    """The smallest box around the True voxels, of which there is at least one."""
    rows = np.any(inside, axis=2)
    found = [np.flatnonzero(line) for line in (rows.any(1), rows.any(0), np.any(inside, (0, 1)))]
    return tuple(slice(int(f[0]), int(f[-1]) + 1) for f in found)  # type: ignore[return-value]


def require_inside(voxels: NDArray[Any], index: Index) -> None:
    """Raise :class:`InputError` unless ``index`` is a voxel of the array."""
    if not all(0 <= i < n for i, n in zip(index, voxels.shape, strict=True)):
        raise InputError("The click lies outside the scan.", "Click on the hemorrhage itself.")
