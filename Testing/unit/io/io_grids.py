"""Grids and voxels that readers and writers meet."""

import numpy as np

SHAPE = (5, 6, 7)
RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def voxels(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).integers(-1024, 3072, shape).astype(np.int16)


def labels(shape=SHAPE, seed=0, highest=6):
    return np.random.default_rng(seed).integers(0, highest + 1, shape).astype(np.uint8)


def rotation():
    """An oblique orientation, nothing special about it."""
    a, b, c = np.radians([17.0, -23.0, 9.0])
    x = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
    y = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
    z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    return np.array(x) @ y @ z


def affine(matrix, spacing=(0.45, 0.5, 5.0), origin=(-101.25, 37.5, 12.75)):
    """``[4, 4]`` RAS affine of axes (columns of ``matrix``) in order column, row, slice."""
    result = np.eye(4)
    result[:3, :3] = np.asarray(matrix, float) * spacing
    result[:3, 3] = origin
    return result


SHEAR = np.array([[1, 0, 0], [0, 1, -0.35], [0, 0, 1]])

RIGID_GRIDS = {
    "LPS": affine(np.diag([-1, -1, 1])),
    "RAS": affine(np.eye(3)),
    "left-handed": affine(np.diag([1, -1, 1])),
    "slices downwards": affine(np.diag([-1, -1, -1])),
    "axes exchanged": affine(np.array([[0, 0, 1], [-1, 0, 0], [0, 1, 0]])),
    "oblique": affine(rotation()),
    "oblique left-handed": affine(rotation() @ np.diag([1, 1, -1])),
    "isotropic": affine(rotation(), spacing=(0.5, 0.5, 0.5)),
}
SHEARED_GRIDS = {
    "tilted": affine(np.diag([-1, -1, 1]) @ SHEAR),
    "oblique and tilted": affine(rotation() @ SHEAR),
}
GRIDS = RIGID_GRIDS | SHEARED_GRIDS
