"""A CT volume or a mask: voxels and the affine that places them, never apart."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import GeometryError, GridMismatchError, NotThreeDimensionalError


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a volume lie.

    Attributes:
        shape: number of slices, rows and columns, ``(D, H, W)``.
        affine: ``[4, 4]``, takes ``(column, row, slice, 1)`` to patient coordinates in mm, axes right,
            anterior, superior (RAS), as NIfTI and Slicer have it. Shear (gantry tilt) is allowed.

    Raises:
        GeometryError: the affine is not finite or squeezes the volume flat.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if (
            affine.shape != (4, 4)
            or not np.isfinite(affine).all()
            or abs(np.linalg.det(affine[:3, :3])) < 1e-9
        ):
            raise GeometryError(
                f"Expected an invertible 4x4 affine with finite numbers, found {affine.tolist()}.",
                "The file's header is damaged: export the scan again.",
            )
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance in mm between neighbours along each array axis: slices, rows, columns.

        On a tilted scan the first is measured along the slanted axis: see :attr:`slice_distance`.
        """
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(z), float(y), float(x)

    @property
    def slice_distance(self) -> float:
        """Distance in mm between neighbouring slice planes, measured perpendicular to them."""
        normal = np.cross(self.affine[:3, 0], self.affine[:3, 1])
        return float(abs(np.dot(normal, self.affine[:3, 2])) / np.linalg.norm(normal))

    @property
    def voxel_volume_mm3(self) -> float:
        """``|det(affine)|`` in mm³, right on sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def tilt_degrees(self) -> float:
        """Angle between the slice axis and the slices' normal: 0 unless the grid is sheared (gantry tilt)."""
        return float(np.degrees(np.arccos(min(1.0, self.slice_distance / self.spacing[0]))))

    def world(self, indices: NDArray[Any]) -> NDArray[np.float64]:
        """Patient coordinates (RAS, mm) ``[..., 3]`` of array indices ``[..., 3]`` (slice, row, column)."""
        ijk = np.asarray(indices, dtype=np.float64)[..., ::-1]
        return ijk @ self.affine[:3, :3].T + self.affine[:3, 3]

    def same_as(self, other: "Grid", tolerance_mm: float = 1e-2) -> bool:
        """Whether both grids have the same shape and every corner within ``tolerance_mm``."""
        if self.shape != other.shape:
            return False
        ends = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape])).reshape(3, -1).T
        return bool(np.abs(self.world(ends) - other.world(ends)).max() <= tolerance_mm)


@dataclass(frozen=True)
class Volume:
    """Voxels ``[D, H, W]`` on a grid.

    Attributes:
        voxels: ``[D, H, W]``; HU for a CT, label values for a mask.
        affine: see :class:`Grid`.
        header: whatever the file's own format needs to be written back alike (its codes, its units).
        warnings: what the reader saw that a user should know, one sentence each.

    Raises:
        NotThreeDimensionalError: the voxels are not a three-dimensional array.
        GeometryError: see :class:`Grid`.
    """

    voxels: NDArray[Any]
    affine: NDArray[np.float64]
    header: Any = field(default=None, repr=False, compare=False)
    warnings: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.voxels.ndim != 3 or 0 in self.voxels.shape:
            raise NotThreeDimensionalError(
                f"Expected slices, rows and columns, found an array of shape {self.voxels.shape}.",
                "Give one three-dimensional scan.",
            )
        object.__setattr__(self, "affine", self.grid.affine)

    @property
    def grid(self) -> Grid:
        return Grid(self.voxels.shape, self.affine)  # type: ignore[arg-type]

    def require_same_grid(self, other: "Volume") -> None:
        """Raise :class:`GridMismatchError` unless ``other`` lies on this volume's grid."""
        if not self.grid.same_as(other.grid):
            raise GridMismatchError(
                f"Expected a mask on the CT's grid {self.grid.shape} with spacing "
                f"{_mm(self.grid)}, found {other.grid.shape} with spacing {_mm(other.grid)}, "
                "or at another place.",
                self._instead,
            )

    @property
    def _instead(self) -> str:
        """What to do about a mask on another grid."""
        return "Resample the mask onto the CT (nearest neighbour), or give the CT it was drawn on."


@dataclass(frozen=True)
class CTVolume(Volume):
    """A head CT in Hounsfield units (HU).

    Attributes:
        slice_positions_mm: ``[D]`` distance of each slice along the normal where the slices are not evenly
            spaced; None where the affine tells it.
    """

    slice_positions_mm: NDArray[np.float64] | None = None

    @property
    def _instead(self) -> str:
        if self.slice_positions_mm is None:
            return super()._instead
        return (
            "The CT's slices are unevenly spaced, which no resampling follows: draw the mask on them in 3D "
            "Slicer and save it as .seg.nrrd, or give the CT it was drawn on."
        )


def _mm(grid: Grid) -> str:
    return " x ".join(f"{s:.3g}" for s in grid.spacing) + " mm"
