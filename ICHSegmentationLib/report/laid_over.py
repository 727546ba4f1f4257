"""A scan laid over another one: what of it lies within each of the other's slices."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .stack import SliceStack


@dataclass(frozen=True)
class LaidOver:
    """A scan as it lies in the slices of another, both in canonical order; only slices asked for are sampled.

    A slice of the other holds all that lies within its thickness, so that nothing thinner falls between two.

    Attributes:
        to_index: ``[4, 4]``, takes column, row and slice of the other scan to those of this one.
        shape: ``(D, H, W)`` of the other scan.
    """

    stack: SliceStack
    to_index: NDArray[np.float64]
    shape: tuple[int, int, int]

    @cached_property
    def volumes_ml(self) -> NDArray[np.float64]:
        """``[D]`` mL of this scan's hemorrhage within each slice of the other."""
        row = np.linalg.inv(self.to_index)[2]
        slices = np.rint(np.argwhere(self.stack.labels)[:, ::-1] @ row[:3] + row[3]).astype(int)
        inside = slices[(slices >= 0) & (slices < self.shape[0])]
        return np.bincount(inside, minlength=self.shape[0]).astype(np.float64) * self.stack.voxel_ml

    def hu(self, index: int) -> NDArray[Any]:
        """``[H, W]`` mean HU within the thickness of the other's slice."""
        planes = [self._sampled(self.stack.hu, height, 1, -1000) for height in self._heights(index)]
        return np.mean(planes, axis=0)

    def labels(self, index: int) -> NDArray[Any]:
        """``[H, W]`` labels anywhere within the thickness of the other's slice."""
        planes = [self._sampled(self.stack.labels, height, 0, 0) for height in self._heights(index)]
        return np.max(planes, axis=0)

    def _heights(self, index: int) -> NDArray[np.float64]:
        """As many heights within a slice of the other as slices of this scan lie in it."""
        count = max(1, ceil(abs(self.to_index[2, 2]) - 0.01))
        return index + (np.arange(count) + 0.5) / count - 0.5

    def _sampled(self, voxels: NDArray[Any], height: float, order: int, beyond: float) -> NDArray[Any]:
        rows, columns = np.mgrid[: self.shape[1], : self.shape[2]]
        places = np.stack([columns, rows, np.full(rows.shape, height), np.ones(rows.shape)])
        indices = np.einsum("ij,jhw->ihw", self.to_index[:3], places)[::-1]
        return ndimage.map_coordinates(voxels, indices, order=order, mode="constant", cval=beyond)
