"""Smooth random fields, made on a coarse grid and interpolated: the raw material of shapes and textures."""

import numpy as np
from numpy.typing import NDArray


def smooth_noise(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    scale_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """A random field with mean 0, standard deviation about 1 and structures of about ``scale_mm``.

    Args:
        shape: ``(D, H, W)``.
        spacing: distance of slices, rows and columns in mm.
        scale_mm: distance between the knots that the field is interpolated from.
        rng: source of randomness.

    Returns:
        ``[D, H, W]`` float32.
    """
    weights = [_spline_weights(n, step / scale_mm, rng) for n, step in zip(shape, spacing, strict=True)]
    knots = rng.standard_normal([w.shape[1] for w in weights]).astype(np.float32)
    field = knots
    for w in weights:
        field = np.tensordot(field, w, axes=(0, 1))
    return np.ascontiguousarray(field)


def _spline_weights(n: int, step: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """``[n, knots]``: cubic B-spline weights of ``n`` points at distance ``step`` (knot distance is 1).

    Rows are scaled to unit length, which keeps the variance 1 at and between the knots.
    """
    position = (np.arange(n) * step + rng.random())[:, None]
    knots = np.arange(-1, int(position[-1, 0]) + 3)[None, :]
    t = np.abs(position - knots)
    w = np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, np.where(t < 2, (2 - t) ** 3 / 6, 0.0))
    return (w / np.linalg.norm(w, axis=1, keepdims=True)).astype(np.float32)
