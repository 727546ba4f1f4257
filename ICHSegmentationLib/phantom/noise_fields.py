"""Smooth random fields, made on a coarse grid and interpolated: the raw material of shapes and textures."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def smooth_noise(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    scale_mm: float,
    rng: np.random.Generator,
) -> Floats:
    """A random field with mean 0, standard deviation about 1 and structures of about ``scale_mm``.

    Args:
        shape: ``(D, H, W)``.
        spacing: distance of slices, rows and columns in mm.
        scale_mm: distance between the knots that the field is interpolated from.
        rng: source of randomness.

    Returns:
        ``[D, H, W]`` float32.
    """
    steps = [s / scale_mm for s in spacing]
    positions = [1 + rng.random() + np.arange(n) * step for n, step in zip(shape, steps, strict=True)]
    counts = [int(p[-1]) + 3 for p in positions]
    field = rng.standard_normal(counts).astype(np.float32)
    for position, count in zip(positions, counts, strict=True):
        field = np.tensordot(field, _spline_weights(position, count), axes=(0, 1))
    return np.ascontiguousarray(field)


class NoiseInSpace:
    """A random field like :func:`smooth_noise`, fixed in space: the same on whatever grid it is looked at.

    Args:
        scale_mm: distance between knots.
        rng: source of randomness.
        reach_mm: the field is defined from ``-reach_mm`` to ``reach_mm`` along each axis.
    """

    def __init__(self, scale_mm: float, rng: np.random.Generator, reach_mm: float = 200.0) -> None:
        self._scale, self._reach = scale_mm, reach_mm
        self._count = int(2 * reach_mm / scale_mm) + 5
        self._knots = rng.standard_normal((self._count,) * 3).astype(np.float32)
        self._in_plane: tuple[bytes, Floats, Floats] | None = None

    def on(self, z: float, y: NDArray[np.floating], x: NDArray[np.floating]) -> Floats:
        """The field ``[H, W]`` in the plane ``z`` at rows ``y`` ``[H]`` and columns ``x`` ``[W]``, in mm."""
        grid = y.tobytes() + x.tobytes()
        if self._in_plane is None or self._in_plane[0] != grid:
            self._in_plane = grid, self._weights(y), self._weights(x)
        _, rows, columns = self._in_plane
        plane = np.tensordot(self._weights(np.array([z]))[0], self._knots, axes=1)
        return rows @ plane @ columns.T

    def _weights(self, mm: NDArray[np.floating]) -> Floats:
        inside = np.clip(mm, -self._reach, self._reach)
        return _spline_weights((inside + self._reach) / self._scale + 1, self._count)


def _spline_weights(position: NDArray[np.floating], count: int) -> Floats:
    """``[n, count]``: cubic B-spline weights of ``count`` knots at 0, 1, 2, ... for points at ``position``.

    Rows are scaled to unit length, which keeps the variance 1 at and between the knots.
    """
    first = np.floor(position).astype(int) - 1
    near = first[:, None] + np.arange(4)
    t = np.abs(position[:, None] - near)
    w = np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, (2 - np.minimum(t, 2)) ** 3 / 6)
    weights = np.zeros((position.size, count), dtype=np.float32)
    np.put_along_axis(weights, near, w / np.linalg.norm(w, axis=1, keepdims=True), axis=1)
    return weights
