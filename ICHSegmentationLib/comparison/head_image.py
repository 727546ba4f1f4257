"""A head as the registration sees it: coarse, evenly sampled along the patient's axes, bone bright on dark.

Even and upright, because ITK takes the directions of an image for a rotation, which those of a tilted gantry
are not.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..preparation.coarse import Mask, coarse_copy
from ..preparation.intracranial import intracranial_region
from ..preparation.orientation import Reorientation
from ..volume import CTVolume, Grid

SAMPLE_MM = 3.0
"""Finer samples found a known displacement no better (see ``docs/measurement.md``), and took longer."""

SKULL_MM = 10.0
"""Around the intracranial region: the skull, but not the table, the neck and the jaw, which move."""

WINDOW_HU = (0, 300)
"""From water to bone: the skull leads, the ventricles help, and scans clipped by an archive look the same."""

_LPS = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class HeadImage:
    """A head, sampled every 3 mm along the patient's axes.

    Attributes:
        image: HU within ``WINDOW_HU``, float32, in ITK's coordinates (LPS).
        region: uint8 on the same grid, 1 within the skull and in its bone.
        centre_mm: middle of the intracranial region (LPS).
        top_mm: its uppermost height.
        warnings: what a user should know, one sentence each.
    """

    image: sitk.Image
    region: sitk.Image
    centre_mm: NDArray[np.float64]
    top_mm: float
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, ct: CTVolume) -> "HeadImage":
        order = Reorientation.of(ct.grid)
        hu, steps = coarse_copy(order.apply(ct.voxels), order.grid.spacing)
        grid = _coarse_grid(order.grid, hu.shape, steps)
        found = intracranial_region(hu, grid.spacing)
        # Of a head so thin that nothing lies inside, all that was scanned counts.
        inside = found.mask if found.mask.any() else np.ones_like(found.mask)
        around = _widened(inside, grid.spacing)
        places = grid.world(np.argwhere(inside)) @ _LPS
        frame = _frame(grid)
        return cls(
            _resampled(np.clip(hu, *WINDOW_HU), grid, frame, sitk.sitkLinear),
            _resampled(around.astype(np.uint8), grid, frame, sitk.sitkNearestNeighbor),
            places.mean(axis=0),
            float(np.quantile(places[:, 2], 0.999)),
            found.warnings,
        )


def _coarse_grid(grid: Grid, shape: tuple[int, ...], steps: tuple[int, int, int]) -> Grid:
    """The grid of block means: each lies in the middle of its block."""
    affine = np.array(grid.affine)
    affine[:3, :3] *= steps[::-1]
    affine[:3, 3] = grid.world((np.array(steps) - 1) / 2)
    return Grid((shape[0], shape[1], shape[2]), affine)


def _widened(inside: Mask, spacing: tuple[float, float, float]) -> Mask:
    widened: Mask = ndimage.distance_transform_edt(~inside, sampling=spacing) <= SKULL_MM
    return widened


def _frame(grid: Grid) -> sitk.Image:
    """An empty upright image that covers the grid."""
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape])).reshape(3, -1).T
    places = grid.world(ends) @ _LPS
    low, high = places.min(axis=0), places.max(axis=0)
    size = np.ceil((high - low) / SAMPLE_MM).astype(int) + 1
    frame = sitk.Image([int(n) for n in size], sitk.sitkUInt8)
    frame.SetOrigin(low.tolist())
    frame.SetSpacing([SAMPLE_MM] * 3)
    return frame


def _resampled(voxels: NDArray[np.generic], grid: Grid, frame: sitk.Image, interpolator: int) -> sitk.Image:
    """Voxels ``[D, H, W]`` on ``grid`` as they lie in ``frame``; 0 beyond them.

    The way through an affine transform is right for sheared grids as well.
    """
    image = sitk.GetImageFromArray(voxels)
    to_index = np.linalg.inv(grid.affine) @ np.diag([-1.0, -1.0, 1.0, 1.0])
    transform = sitk.AffineTransform(to_index[:3, :3].ravel().tolist(), to_index[:3, 3].tolist())
    return sitk.Resample(image, frame, transform, interpolator, 0.0)
