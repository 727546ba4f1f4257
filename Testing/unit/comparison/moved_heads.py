"""A second scan of a painted head that has moved by a known rigid transform, made with scipy alone."""

from functools import cache

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.phantom import Phantom, make_phantom
from ICHSegmentationLib.volume import CTVolume, Volume

SHAPE, SPACING = (30, 112, 100), (5.0, 2.0, 2.2)
LPS = np.diag([-1.0, -1.0, 1.0])
_REVERSED = np.eye(4)[[2, 1, 0, 3]]  # array order (slice, row, column) to (column, row, slice) and back


@cache
def first_scan(seed=3) -> Phantom:
    return make_phantom(seed, "intraparenchymal", 20.0, SHAPE, SPACING)


def motion(ct, degrees, shift):
    """``[4, 4]`` that turns places (RAS) about the middle of a scan and shifts them."""
    centre = ct.grid.world((np.array(ct.grid.shape) - 1) / 2)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + shift
    return matrix


def rescanned(first, moved, axes, shape, spacing, noise=3.0):
    """CT and mask of the head after ``moved``, on another grid about the same middle.

    Args:
        first: CT and mask before.
        axes: ``[3, 3]`` directions (RAS) of columns, rows and slices.
        spacing: mm between columns, rows, slices.
    """
    ct, mask = first
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(axes, float) * spacing
    middle = ct.grid.world((np.array(ct.grid.shape) - 1) / 2)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    to_first = np.linalg.inv(ct.affine) @ np.linalg.inv(moved) @ affine
    to_first = _REVERSED @ to_first @ _REVERSED
    hu = ndimage.affine_transform(
        ct.voxels.astype(np.float32), to_first, output_shape=shape, order=1, cval=-1000
    )
    hu += np.random.default_rng(0).normal(0, noise, shape)
    labels = ndimage.affine_transform(mask.voxels, to_first, output_shape=shape, order=0)
    return CTVolume(np.clip(hu, -1000, 3000).astype(np.int16), affine), Volume(labels, affine)


def distance(found, true, ct):
    """Degrees and the largest mm between two rigid transforms over a head's extent."""
    apart = found @ true
    angle = np.degrees(np.arccos(np.clip((np.trace(apart[:3, :3]) - 1) / 2, -1, 1)))
    middle = ct.grid.world((np.array(ct.grid.shape) - 1) / 2)
    places = middle + np.vstack([np.eye(3), -np.eye(3)]) * (65, 85, 50)
    return angle, np.linalg.norm(places @ apart[:3, :3].T + apart[:3, 3] - places, axis=1).max()
