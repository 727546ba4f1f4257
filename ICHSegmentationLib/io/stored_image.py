"""An image as its file stores it, before anyone says whether it is a CT or a mask."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError, NotHounsfieldError, NotThreeDimensionalError

_MOST_VOXELS = 2**31
_SPACING_MM = (0.01, 100.0)
_FLAT = 1e-4  # volume of a voxel as a share of its edges' product: directions all but in one plane


@dataclass(frozen=True)
class StoredImage:
    """Stored numbers ``[D, H, W]`` (``[D, H, W, layers]`` for a layered segmentation) and what they mean.

    Attributes:
        slope, intercept: the value of a voxel is ``stored * slope + intercept``.
        affine: see :class:`ICHSegmentationLib.volume.Grid`.
        header: the file's own header, where a mask must be written back alike.
        metadata: text the file carries under names of its own.
        warnings: what a user should know, one sentence each.
        slice_positions_mm: see :class:`ICHSegmentationLib.volume.CTVolume`.
    """

    values: NDArray[Any]
    affine: NDArray[np.float64]
    slope: float = 1.0
    intercept: float = 0.0
    header: Any = None
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    slice_positions_mm: NDArray[np.float64] | None = None


def without_frame_axes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Sizes along axes, the fastest first, without those of 1 behind the third: one frame is a volume."""
    axes = len(sizes)
    while axes > 3 and sizes[axes - 1] == 1:
        axes -= 1
    return tuple(sizes[:axes])


def require_volume(path: Path, shape: Sequence[int]) -> None:
    """Raise unless ``shape`` (axes in any order) is that of one volume of believable size.

    Raises:
        NotThreeDimensionalError: a plane, or several volumes.
        GeometryError: an axis without voxels, or more voxels than any head CT has.
    """
    if len(shape) < 3:
        raise NotThreeDimensionalError(
            f"Expected a volume of slices, found a flat image of {times(shape)} pixels in {path.name}.",
            "Give the whole scan, not one picture of it.",
        )
    if len(shape) > 3:
        raise NotThreeDimensionalError(
            f"Expected one volume, found an image of {times(shape)}, which is several, in {path.name}.",
            "Save the volume you mean in a file of its own.",
        )
    if min(shape) < 1 or np.prod([float(n) for n in shape]) > _MOST_VOXELS:
        raise GeometryError(
            f"Expected a head CT, found a header that claims {times(shape)} voxels in {path.name}.",
            "The file's header is damaged: export the scan again.",
        )


def require_believable_grid(path: Path, affine: NDArray[np.float64]) -> None:
    """Raise :class:`GeometryError` unless voxels lie somewhere, neighbours between 0.01 and 100 mm apart."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not ((spacing >= _SPACING_MM[0]) & (spacing <= _SPACING_MM[1])).all():
        raise GeometryError(
            f"Expected voxels {_SPACING_MM[0]:g} to {_SPACING_MM[1]:g} mm apart, found {times(spacing)} mm "
            f"in {path.name}.",
            "The file's header is damaged, or in other units than mm: export the scan again.",
        )
    if not np.isfinite(affine).all() or is_flat(affine):
        raise GeometryError(
            f"Expected three directions and a position of the voxels, found {affine[:3].tolist()} in "
            f"{path.name}.",
            "The file's header is damaged: export the scan again.",
        )


def is_flat(affine: NDArray[np.float64]) -> bool:
    """Whether the three directions of an affine, whatever their lengths, all but lie in one plane."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(abs(np.linalg.det(affine[:3, :3])) <= _FLAT * spacing.prod())


def require_positive_spacing(path: Path, spacing: Sequence[float]) -> None:
    """Raise :class:`GeometryError` unless every distance between voxels is above 0."""
    if not all(mm > 0 for mm in spacing):  # NaN is not, either
        raise GeometryError(
            f"Expected distances between voxels above 0, found {times(spacing)} mm in {path.name}.",
            "The file's header is damaged: export the scan again.",
        )


def colours_error(path: Path) -> NotHounsfieldError:
    return NotHounsfieldError(
        f"Expected one number per voxel, found several (colours or vectors) in {path.name}.",
        "Give the CT itself, not a coloured picture of it.",
    )


def times(numbers: Any) -> str:
    """``0.5 x 0.5 x 5``, as sizes are told."""
    return " x ".join(f"{n:.4g}" for n in numbers)
