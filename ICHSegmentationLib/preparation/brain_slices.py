"""Small pictures of the brain alone, slice by slice, for networks that must learn from few scans.

What differs between scanners, archives and patients but tells nothing of blood is taken away: the skull and
its blur, the height of the brain's densities, the place of the head in the picture, the distance of slices.
The sizes are this project's own choice.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from .brain_density import brain_hu
from .intracranial import bounding_box

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]

SHAPE = (200, 168)
PIXEL_MM = 1.0
SLAB_MM = 5.0
OUTSIDE = 0
MIDDLE = 100  # the code of the scan's own brain density
CODES_PER_HU = 2

_CLIP_HU = -15.0, 100.0
_BONE_HU = 110.0  # fresh clot stays below; above lie bone, its blur, calcification, metal
_LEAST_SHARE = 0.3  # of a pixel that lies inside the skull


@dataclass(frozen=True)
class BrainSlices:
    """A scan's brain on a fixed grid of 1 mm pixels, in slabs of about 5 mm.

    Attributes:
        codes: ``[N, 200, 168]``: 0 outside of the brain and its spaces; else 100 + 2 (HU - ``brain_hu``).
        brain_hu: the median density of the scan's brain.
        slab: how many of the scan's slices were averaged into one.
        box: ``(left, upper, right, lower)`` of the pictures in the scan's pixels; it may reach beyond them.
        native: ``(D, H, W)`` of the scan.
    """

    codes: Codes
    brain_hu: float
    slab: int
    box: tuple[float, float, float, float]
    native: tuple[int, int, int]

    @property
    def slab_of_slice(self) -> NDArray[np.int64]:
        """``[D]``: the slab in which each slice of the scan lies."""
        return np.minimum(np.arange(self.native[0]) // self.slab, len(self.codes) - 1)

    def inputs(self) -> NDArray[np.float32]:
        """``[N, 4, 200, 168]``: what the network sees, see :func:`network_input`."""
        return network_input(neighbours(self.codes))

    def back(self, maps: NDArray[np.floating]) -> NDArray[np.float32]:
        """``maps`` ``[N, h, w]``, of any resolution, on the scan's own grid ``[D, H, W]``; 0 beyond them."""
        left, upper, right, lower = self.box
        _, height, width = self.native
        rows = (np.arange(height) + 0.5 - upper) / (lower - upper) * maps.shape[1] - 0.5
        columns = (np.arange(width) + 0.5 - left) / (right - left) * maps.shape[2] - 0.5
        inside = _within(rows, maps.shape[1])[:, None] & _within(columns, maps.shape[2])
        places = np.meshgrid(rows, columns, indexing="ij")
        slabs = [
            np.where(inside, ndimage.map_coordinates(plane, places, order=1, mode="nearest"), 0)
            for plane in maps.astype(np.float32)
        ]
        return np.stack([slabs[slab] for slab in self.slab_of_slice]).astype(np.float32)


def brain_slices(hu: NDArray[Any], region: Mask, spacing: tuple[float, float, float]) -> BrainSlices:
    """The brain of a scan on the network's grid.

    Args:
        hu: ``[D, H, W]`` in HU and in canonical order (see :mod:`.orientation`).
        region: ``[D, H, W]``, the inside of the skull (:func:`.intracranial.intracranial_region`).
        spacing: mm between slices, rows and columns.
    """
    slab = min(len(hu), max(1, round(SLAB_MM / spacing[0])))
    own_hu = brain_hu(hu, region)
    box = _box(region, spacing)
    codes = np.zeros((-(-len(hu) // slab), *SHAPE), np.uint8)
    for index, plane in enumerate(codes):
        part = slice(index * slab, (index + 1) * slab)
        if region[part].any():
            plane[:] = _codes(hu[part], region[part], own_hu, box)
    return BrainSlices(codes, own_hu, slab, box, (hu.shape[0], hu.shape[1], hu.shape[2]))


def resized_to_grid(plane: NDArray[Any], box: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """A slice ``[H, W]`` of a scan on the pictures' grid ``[200, 168]``; every pixel counts, 0 beyond."""
    height, width = plane.shape
    left, upper, right, lower = box
    before = max(0, int(np.ceil(-upper))), max(0, int(np.ceil(-left)))
    behind = max(0, int(np.ceil(lower - height))), max(0, int(np.ceil(right - width)))
    padded = np.pad(plane.astype(np.float32), tuple(zip(before, behind, strict=True)))
    moved = (left + before[1], upper + before[0], right + before[1], lower + before[0])
    picture = Image.fromarray(padded).resize(SHAPE[::-1], Image.Resampling.BILINEAR, box=moved)
    return np.asarray(picture)


def neighbours(codes: Codes) -> Codes:
    """``[N, 3, H, W]``: of each slab of ``codes`` ``[N, H, W]`` the one below, itself and the one above.

    The first and the last stand in for the neighbours that they lack.
    """
    below, above = np.concatenate([codes[:1], codes[:-1]]), np.concatenate([codes[1:], codes[-1:]])
    return np.stack([below, codes, above], axis=1)


def network_input(codes: Codes) -> NDArray[np.float32]:
    """``[N, 4, H, W]`` of three codes ``[N, 3, H, W]``: densities in 20 HU around the brain's own, 0 outside;
    then the brain as 0 and 1."""
    shown = (codes.astype(np.float32) - MIDDLE) / (20 * CODES_PER_HU)
    shown[codes == OUTSIDE] = 0
    return np.concatenate([shown, (codes[:, 1:2] != OUTSIDE).astype(np.float32)], axis=1)


def _codes(
    hu: NDArray[Any], region: Mask, own_hu: float, box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """One slab: the mean density of what lies inside, without bone and the pixels that bone blurs into."""
    total, weight = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    for plane, inside in zip(hu, region, strict=True):
        valid = inside & ~_widened(plane > _BONE_HU)
        total += resized_to_grid(np.where(valid, np.clip(plane, *_CLIP_HU), 0), box)
        weight += resized_to_grid(valid, box)
    density = total / np.maximum(weight, 1e-3)
    coded = np.clip(np.rint(MIDDLE + CODES_PER_HU * (density - own_hu)), 1, 255)
    return np.where(weight >= _LEAST_SHARE * len(hu), coded, OUTSIDE).astype(np.uint8)


def _widened(mask: Mask) -> Mask:
    """``[H, W]``: the pixels of a mask and the eight around each of them."""
    rows = mask.copy()
    rows[1:] |= mask[:-1]
    rows[:-1] |= mask[1:]
    wide = rows.copy()
    wide[:, 1:] |= rows[:, :-1]
    wide[:, :-1] |= rows[:, 1:]
    return wide


def _box(region: Mask, spacing: tuple[float, float, float]) -> tuple[float, float, float, float]:
    _, rows, columns = bounding_box(region, 0.0, spacing)
    row, column = (rows.start + rows.stop) / 2, (columns.start + columns.stop) / 2
    half_height = SHAPE[0] * PIXEL_MM / spacing[1] / 2
    half_width = SHAPE[1] * PIXEL_MM / spacing[2] / 2
    return column - half_width, row - half_height, column + half_width, row + half_height


def _within(places: NDArray[np.floating], size: int) -> NDArray[np.bool_]:
    return (places >= -0.5) & (places <= size - 0.5)
