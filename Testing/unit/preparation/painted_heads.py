"""Heads painted from ellipsoids: scalp, skull and brain, and what one may meet around and inside them."""

from dataclasses import dataclass

import numpy as np

AIR, SCALP, BONE, BRAIN, CLOT = -1000, 40, 800, 35, 75
OUTER_SKULL_MM = np.array([80.0, 90.0, 72.0])  # half-axes: slice, row, column
SKULL_MM, SCALP_MM = 6.0, 6.0


@dataclass
class PaintedHead:
    """``hu`` ``[D, H, W]``, where the skull's inside is, and ``z, y, x`` in mm from the head's centre."""

    hu: np.ndarray
    inside: np.ndarray
    spacing: tuple
    z: np.ndarray
    y: np.ndarray
    x: np.ndarray

    def paint(self, where, hu):
        self.hu[np.broadcast_to(where, self.hu.shape)] = hu

    def skull(self):
        return self.hu == BONE

    def paint_epidural(self, thickness_mm=12.0, size_mm=35.0):
        """A lens of clot that touches the inner table on the patient's right; returns where it is."""
        inner = OUTER_SKULL_MM - SKULL_MM
        near_table = _radius(self, inner - thickness_mm) > 1
        lens = self.inside & near_table & (self.x < 0) & (np.hypot(self.y, self.z - 10) < size_mm)
        self.paint(lens, CLOT)
        return lens

    def slices(self, chosen):
        return PaintedHead(
            self.hu[chosen].copy(), self.inside[chosen], self.spacing, self.z[chosen], self.y, self.x
        )


def painted_head(spacing=(5.0, 1.0, 1.0), scale=1.0, field_mm=(170.0, 220.0, 200.0), noise=3.0):
    shape = [round(f * scale / s) for f, s in zip(field_mm, spacing, strict=True)]
    z, y, x = np.ogrid[tuple(slice(0, n) for n in shape)]
    z, y, x = (((c - (n - 1) / 2) * s / scale) for c, n, s in zip((z, y, x), shape, spacing, strict=True))
    head = PaintedHead(np.full(shape, AIR, np.int16), np.zeros(shape, bool), spacing, z, y, x)
    head.paint(_radius(head, OUTER_SKULL_MM + SCALP_MM) <= 1, SCALP)
    head.paint(_radius(head, OUTER_SKULL_MM) <= 1, BONE)
    head.inside = _radius(head, OUTER_SKULL_MM - SKULL_MM) <= 1
    grain = np.random.default_rng(0).normal(BRAIN, noise, shape[1:]).astype(np.int16)
    for k, (plane, inside) in enumerate(zip(head.hu, head.inside, strict=True)):
        np.copyto(plane, np.roll(grain, 7 * k, axis=0), where=inside)
    return head


def _radius(head, half_axes):
    a, b, c = half_axes
    return np.sqrt((head.z / a) ** 2 + (head.y / b) ** 2 + (head.x / c) ** 2)
