"""What the scanner adds: blur, beam hardening, correlated noise."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .plane import Plane

NOISE_SD_AT_5_MM = 3.6
BLUR_MM = 0.45
BONE_SHINE_MM = 2 * BLUR_MM
"""Nearer to bone than this, its blur alone adds more than 20 HU: blood cannot be told from bone."""


def scanned(
    hu: NDArray[np.float32], plane: Plane, spacing: tuple[float, float, float], rng: np.random.Generator
) -> NDArray[np.int16]:
    """One slice ``[H, W]`` as the scanner shows it, in whole HU from -1024 on.

    Args:
        hu: mean density over the slice's thickness.
        plane: the middle of the slice.
        spacing: mm; noise grows as the square root of 5 mm / thickness.
        rng: source of the noise.
    """
    image = gaussian_filter(hu, (BLUR_MM / spacing[1], BLUR_MM / spacing[2]), truncate=3)
    image += _beam_hardening(plane, rng)
    image += _noise(plane, spacing, rng)
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)


def _beam_hardening(plane: Plane, rng: np.random.Generator) -> NDArray[np.float32]:
    """Dark bands between the petrous bones, a bright rim under the vault, in the brain only."""
    inside = np.clip(plane.depth, 0, 1)
    rim = 5 * np.exp(-plane.depth / 3.5)
    rows = rng.standard_normal(plane.pixels.rows.size)
    streaks = gaussian_filter(rows, 1.5 / max(float(np.ptp(plane.pixels.rows)) / rows.size, 0.1))
    streaks /= max(float(streaks.std()), 1e-6)
    between = np.exp(-(((plane.pixels.y - 10) / 16) ** 2)) * (np.abs(plane.pixels.x) < 48)
    strength = np.exp(-(((plane.z + 38) / 12) ** 2))
    bands = strength * between * (3.0 * streaks[:, None] - 4.0)
    return (inside * (rim + bands)).astype(np.float32)


def _noise(
    plane: Plane, spacing: tuple[float, float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Correlated over some 0.7 mm in plane, strongest in the middle of the head, doubled at the base."""
    white = rng.standard_normal(plane.pixels.x.shape, dtype=np.float32)
    grain = gaussian_filter(white, (0.7 / spacing[1], 0.7 / spacing[2]), truncate=3)
    grain /= grain.std()
    sd = NOISE_SD_AT_5_MM * np.sqrt(5 / spacing[0])
    middle = 0.85 + 0.25 * np.exp(-((plane.pixels.radius / 55) ** 2))
    base = 1 + 0.6 * np.exp(-(((plane.z + 45) / 18) ** 2))
    return grain * (sd * middle * base).astype(np.float32)
