"""What a lesion generator needs to know about a head, real or painted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Anatomy:
    """The spaces of a head in which blood can collect.

    Arrays are ``[D, H, W]`` in canonical order: slices upwards, rows towards the back of the head, columns
    from the patient's right to the left.

    Attributes:
        brain: the intracranial space, everything inside the inner table.
        ventricles: the ventricles, part of ``brain``.
        csf: cisterns and sulci, part of ``brain``; without the ventricles.
        spacing: distance of slices, rows and columns in mm.
    """

    brain: Mask
    ventricles: Mask
    csf: Mask
    spacing: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.brain.shape  # type: ignore[return-value]

    @property
    def voxel_ml(self) -> float:
        return float(np.prod(self.spacing)) / 1000

    @cached_property
    def box(self) -> Box:
        """The bounding box of ``brain``, wider where the scan goes on, so that its surface lies inside."""
        spans = []
        for axis, margin in enumerate((1, 2, 2)):
            others = tuple(a for a in range(3) if a != axis)
            found = np.flatnonzero(self.brain.any(axis=others))
            low, high = (int(found[0]), int(found[-1])) if found.size else (0, self.shape[axis] - 1)
            spans.append(slice(max(0, low - margin), high + margin + 1))
        return spans[0], spans[1], spans[2]

    @cached_property
    def cropped(self) -> "Anatomy":
        """This anatomy in its :attr:`box`; what is computed on it is kept for the next lesion."""
        b = self.box
        return Anatomy(self.brain[b], self.ventricles[b], self.csf[b], self.spacing)

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """``[D, H, W]`` distance from the inner table in mm, 0 outside ``brain``.

        The first and last slice of the scan are no surface.
        """
        distance = ndimage.distance_transform_edt(self.brain, sampling=self.spacing)
        half_voxel = 0.5 * min(self.spacing)
        return np.maximum(distance - half_voxel, 0, dtype=np.float32, casting="unsafe")

    @cached_property
    def midline(self) -> NDArray[np.float32]:
        """``[D]`` column of the midline in each slice: the centroid of the brain, as a line."""
        area = self.brain.sum(axis=(1, 2)).astype(float)
        columns = np.arange(self.shape[2])
        centroid = (self.brain.sum(axis=1) @ columns) / np.maximum(area, 1)
        slices = np.arange(self.shape[0])
        if np.count_nonzero(area) < 3:
            return np.full(self.shape[0], centroid[area > 0].mean() if area.any() else 0, dtype=np.float32)
        line = np.polynomial.Polynomial.fit(slices, centroid, 1, w=np.sqrt(area))
        return line(slices).astype(np.float32)

    @cached_property
    def millimetres(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Position of each voxel in mm, as three arrays that broadcast to ``[D, H, W]``.

        Upwards from the first slice; backwards from the centre of the brain; to the patient's left from
        the midline.
        """
        dz, dy, dx = self.spacing
        rows = np.arange(self.shape[1])
        per_row = self.brain.sum(axis=(0, 2))
        centre = float(per_row @ rows) / max(int(per_row.sum()), 1)
        up = (np.arange(self.shape[0], dtype=np.float32) * dz)[:, None, None]
        back = ((rows - centre) * dy).astype(np.float32)[None, :, None]
        left = (np.arange(self.shape[2], dtype=np.float32)[None, :] - self.midline[:, None])[:, None, :] * dx
        return up, back, left.astype(np.float32)

    @cached_property
    def below_vertex(self) -> NDArray[np.float32]:
        """``[D, 1, 1]`` distance of each slice below the topmost slice with brain, in mm."""
        slices = np.flatnonzero(self.brain.any(axis=(1, 2)))
        top = int(slices[-1]) if slices.size else self.shape[0] - 1
        return ((top - np.arange(self.shape[0])) * self.spacing[0]).astype(np.float32)[:, None, None]


def anatomy_of(hu: NDArray[np.floating], brain: Mask, spacing: tuple[float, float, float]) -> Anatomy:
    """Read the fluid spaces of a hemorrhage-free CT off its densities.

    Ventricles: connected, below 20 HU after light smoothing, near the midline and deeper than 28 mm below the
    inner table. Cisterns and sulci: near the surface and below 20 HU, or darker than what lies around, as
    sulci narrower than a voxel are.

    Args:
        hu: ``[D, H, W]`` in HU, canonical order.
        brain: ``[D, H, W]`` intracranial space; bone and air at its edge are left out. What lies inside it,
            such as a calcified plexus, has no inner table around it and belongs to the brain.
        spacing: mm.
    """
    brain = ndimage.binary_fill_holes(brain & (hu > -40) & (hu < 120))
    whole = Anatomy(brain, np.zeros_like(brain), np.zeros_like(brain), spacing)
    box, inner = whole.box, whole.cropped
    values = np.where(inner.brain, np.clip(hu[box], -10, 60), 32).astype(np.float32)
    fine = _blurred(values, 0.8, spacing)
    fluid = (fine < 20) & inner.brain
    deep = fluid & (inner.depth > 20) & (np.abs(inner.millimetres[2]) < 45)
    ventricles = np.zeros_like(brain)
    ventricles[box] = _large_parts(deep, at_least_ml=0.3, seed=inner.depth > 28, voxel_ml=inner.voxel_ml)
    darker = (fine < _blurred(values, 5.0, spacing) - 3.5) & (fine < 27) & (inner.depth < 16)
    csf = np.zeros_like(brain)
    csf[box] = (fluid & (inner.depth < 25) | darker) & inner.brain & ~ventricles[box]
    return Anatomy(brain, ventricles, csf, spacing)


def _blurred(
    values: NDArray[np.float32], sigma_mm: float, spacing: tuple[float, float, float]
) -> NDArray[np.float32]:
    return ndimage.gaussian_filter(values, (0, sigma_mm / spacing[1], sigma_mm / spacing[2]), truncate=2.5)


def _large_parts(mask: Mask, at_least_ml: float, seed: Mask, voxel_ml: float) -> Mask:
    parts, count = ndimage.label(mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1) * voxel_ml
    keep = sizes >= at_least_ml
    seeded = np.zeros_like(keep)
    seeded[np.unique(parts[seed & mask])] = True
    keep &= seeded
    keep[0] = False
    return keep[parts]
