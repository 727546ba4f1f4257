"""Masks of known shape on any grid: a voxel belongs to a shape when its centre does."""

import itertools

import numpy as np

from ICHSegmentationLib.volume import Grid, Volume

IPH = 2


def affine_of(spacing, rotation=None, flips=(1, 1, 1), origin=(0, 0, 0)):
    """RAS affine with this spacing (column, row, slice) in mm, turned by ``rotation`` ``[3, 3]``."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if rotation is None else rotation) * np.asarray(spacing) * np.asarray(flips)
    affine[:3, 3] = origin
    return affine


def cuboid(shape, where, value=IPH, affine=None):
    voxels = np.zeros(shape, np.uint8)
    voxels[where] = value
    return Volume(voxels, np.eye(4) if affine is None else affine)


def drawn(rows, affine=None, value=IPH):
    """A mask from text, one list of rows a slice: ``#`` is hemorrhage."""
    voxels = np.array([[[mark == "#" for mark in row] for row in slice_] for slice_ in rows])
    return Volume(voxels.astype(np.uint8) * value, np.eye(4) if affine is None else affine)


def ellipsoid_matrix(semi_axes, rotation):
    """The symmetric ``[3, 3]`` matrix M of the ellipsoid x' M x <= 1."""
    return rotation @ np.diag(1 / np.asarray(semi_axes, float) ** 2) @ rotation.T


def ellipsoid(shape, affine, matrix, value=IPH):
    """The ellipsoid around the patient coordinates of the grid's middle voxel."""
    grid = Grid(shape, affine)
    centre = grid.world(np.array(shape) // 2)
    steps = grid.affine[:3, :3]
    offsets = [(np.arange(n) - n // 2) for n in shape]
    metric = steps.T @ matrix @ steps
    s, r, c = np.meshgrid(*offsets, indexing="ij", sparse=True)
    axes = (c, r, s)
    level = sum(metric[i, j] * axes[i] * axes[j] for i, j in itertools.product(range(3), repeat=2))
    return Volume((level <= 1).astype(np.uint8) * value, affine), centre


def stored_otherwise(mask, order, flips):
    """The same mask with its array axes permuted and reversed, its affine changed to match."""
    affine = mask.affine[:, [2 - order[2], 2 - order[1], 2 - order[0], 3]].copy()
    voxels = mask.voxels.transpose(order)
    for axis in np.flatnonzero(flips):
        affine[:3, 3] += affine[:3, 2 - axis] * (voxels.shape[axis] - 1)
        affine[:3, 2 - axis] *= -1
        voxels = np.flip(voxels, axis)
    return Volume(voxels, affine)
