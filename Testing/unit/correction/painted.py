"""A painted piece of head of which every tissue is known: brain, skull, falx, vessel and a clot."""

import numpy as np

from ICHSegmentationLib.volume import CTVolume

BRAIN, CLOT, FALX, VESSEL, BONE = 34, 62, 50, 52, 1000
THICK = (5.0, 0.5, 0.5)
THIN = (1.0, 0.5, 0.5)


class Painted:
    """Brain with noise, on which shapes are painted by their extent in mm.

    Args:
        spacing: mm between slices, rows, columns.
        size_mm: extent along slices, rows, columns.
    """

    def __init__(self, spacing=THICK, size_mm=(60, 90, 90), noise=4.0):
        self.spacing = np.asarray(spacing)
        shape = tuple(int(mm / step) for mm, step in zip(size_mm, spacing, strict=True))
        self.clean = np.full(shape, BRAIN, np.float32)
        self.noise = np.random.default_rng(0).normal(0, noise, shape)
        self.places = np.meshgrid(
            *[np.arange(n) * step for n, step in zip(shape, spacing, strict=True)], indexing="ij", sparse=True
        )

    def ball(self, centre, radius):
        return sum((p - c) ** 2 for p, c in zip(self.places, centre, strict=True)) <= radius**2

    def slab(self, axis, low, high):
        inside = (self.places[axis] >= low) & (self.places[axis] < high)
        return np.broadcast_to(inside, self.clean.shape)

    def paint(self, where, hu):
        self.clean[where] = hu
        return where

    def index(self, place):
        return tuple(round(mm / step) for mm, step in zip(place, self.spacing, strict=True))

    @property
    def ct(self):
        return CTVolume(
            (self.clean + self.noise).round().astype(np.int16), np.diag([*self.spacing[::-1], 1.0])
        )

    def ml(self, where):
        return np.count_nonzero(where) * float(np.prod(self.spacing)) / 1000
