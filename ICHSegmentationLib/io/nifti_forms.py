"""Whether the ways in which a NIfTI header tells the size and the place of its voxels agree.

Its sform holds the whole affine; its pixdim the size of a voxel, and its qform how these are turned. The
sform is followed here; ITK and Slicer take the size from pixdim.
"""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from ..errors import GeometryError
from .stored_image import times

_SAME_SIZE = 0.01


def require_one_size(path: Path, header: Any, sform: NDArray[np.float64]) -> None:
    """Raise a :class:`GeometryError` where sform and qform, both in use, tell of voxels of other sizes."""
    if header["qform_code"] > 0 and (pixdim := _other_size(header, sform)) is not None:
        raise GeometryError(
            f"Expected one size of the voxels in {path.name}, found {times(_lengths(sform))} mm by the "
            f"header's sform and {times(pixdim)} mm by its pixdim and qform.",
            "Programs follow one or the other, and their volumes differ: save the scan again from a program "
            "that shows it in its true size, or export it again.",
        )


def disagreements(
    header: Any, mended: Any, shape: tuple[int, ...], affine: NDArray[np.float64]
) -> tuple[str, ...]:
    """A warning where the affine that is followed is an sform, and what else the header says does not fit it.

    Args:
        header: as it stands in the file.
        mended: the same as nibabel mends it.
        shape: voxels along each axis, the fastest first.
    """
    if header["qform_code"] > 0:
        return _other_place(mended, shape, affine)
    if (pixdim := _other_size(header, affine)) is None:
        return ()
    return (
        f"The NIfTI header tells two sizes of a voxel: {times(_lengths(affine))} mm by its sform, which is "
        f"followed, and {times(pixdim)} mm by its pixdim, as other programs may measure.",
    )


def _other_size(header: Any, sform: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The size by pixdim in mm, where it is one, and not that of the sform.

    Of a sheared sform, pixdim may be the length of the step between slices or their distance.
    """
    pixdim = np.abs(header["pixdim"][1:4].astype(np.float64))
    if not (np.isfinite(pixdim) & (pixdim > 0)).all():
        return None
    distances = 1 / np.linalg.norm(np.linalg.inv(sform[:3, :3]), axis=1)
    fits = [np.isclose(pixdim, size, rtol=_SAME_SIZE, atol=0) for size in (_lengths(sform), distances)]
    return None if np.logical_or(*fits).all() else pixdim


def _other_place(header: Any, shape: tuple[int, ...], sform: NDArray[np.float64]) -> tuple[str, ...]:
    """A warning where the qform places a corner of the scan more than a voxel from where the sform does."""
    try:
        qform = header.get_qform()
    except (HeaderDataError, ValueError):  # it is damaged, and not needed
        return ()
    corners = np.array([[*corner, 1] for corner in product(*((0, n - 1) for n in shape))]).T
    apart = (qform - sform) @ corners
    if np.abs(np.linalg.inv(sform) @ apart).max() <= 1:
        return ()
    furthest = np.linalg.norm(apart[:3], axis=0).max()
    return (
        f"The NIfTI header places the scan in two ways, up to {furthest:.3g} mm apart: its sform is "
        "followed, other programs may follow its qform.",
    )


def _lengths(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(affine[:3, :3], axis=0))
