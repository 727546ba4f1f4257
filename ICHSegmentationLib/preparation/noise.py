"""How noisy a scan is, and as little smoothing as lets a network see through it.

A sharp kernel or thin slices can bring noise of 10 to 30 HU, in which networks that learned from standard
reconstructions find nothing at all. Noise is measured in the brain, in slabs as thick as a network's slices.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Spacing = tuple[float, float, float]

MOST_NOISE_HU = 5.0  # up to here a scan stays as it is; the noisiest training scan has 4.1 HU
CALM_HU = 3.5  # what smoothing aims at; most training scans have about 3 HU
SIGMAS_MM = 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0
NOISY_HU = 8.0  # from here on a reader should know

_SAMPLES = 4  # slabs in which noise is measured
_BRAIN_HU = 10.0, 60.0
_SOFT_HU = -60.0, 160.0  # what is smoothed: air does not fade into brain ...
_BONE_HU, _RIM_MM = 110.0, 1.5  # ... nor bone with its blur; where it lies is looked up in a blurred copy
_COPY_MM = 0.8
_DETAIL_MM = 1.5  # what is wider than this is anatomy, not noise
_FEWEST_PIXELS = 500


@dataclass(frozen=True)
class Calmed:
    """A scan that a network can see through.

    Attributes:
        hu: ``[D, H, W]``; the very array that was given, where nothing needed to be smoothed.
        noise_hu: standard deviation of the noise before, in slabs of the networks' thickness.
        sigma_mm: of the Gaussian that was used in plane; 0 for none.
    """

    hu: NDArray[Any]
    noise_hu: float
    sigma_mm: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know."""
        if self.noise_hu < NOISY_HU:
            return ()
        return (
            f"The scan is noisy: {self.noise_hu:.0f} HU in the brain, where about 3 HU are usual. It was "
            f"smoothed by {self.sigma_mm:g} mm for the networks, which may still miss hemorrhage or mark "
            "noise; a reconstruction with a soft kernel serves them better.",
        )


def calmed(hu: NDArray[Any], inside: Mask, spacing: Spacing, slab_mm: float) -> Calmed:
    """``hu`` as it is where its noise is at most 5 HU; else smoothed in plane, as little as makes it usual.

    Args:
        hu: ``[D, H, W]`` in canonical order (see :mod:`.orientation`).
        inside: ``[D, H, W]``, the inside of the skull (:mod:`.intracranial`).
        spacing: mm between slices, rows and columns.
        slab_mm: how thick the slices are that a network sees, mm.
    """
    slabs = _sampled_slabs(hu, inside, max(1, round(slab_mm / spacing[0])))
    noise = _noise(slabs, spacing)
    if noise <= MOST_NOISE_HU:
        return Calmed(hu, noise, 0.0)
    sigma = next((mm for mm in SIGMAS_MM if _noise(slabs, spacing, mm) <= CALM_HU), SIGMAS_MM[-1])
    smooth = np.empty_like(hu)
    for plane, calm in zip(hu, smooth, strict=True):
        calm[:] = np.rint(_smoothed(plane.astype(np.float32), spacing, sigma))
    return Calmed(smooth, noise, sigma)


def _sampled_slabs(hu: NDArray[Any], inside: Mask, thickness: int) -> list[tuple[Floats, Mask]]:
    """Some slabs from where the head is wide: their mean HU and where all of it lies inside."""
    areas = np.array([np.count_nonzero(plane) for plane in inside])
    wide = np.flatnonzero(areas >= 0.7 * areas.max())
    starts = np.unique(wide[np.linspace(0, len(wide) - 1, _SAMPLES).astype(int)])
    slabs = []
    for start in starts:
        part = slice(start, start + thickness)
        slabs.append((hu[part].mean(axis=0, dtype=np.float32), np.logical_and.reduce(inside[part])))
    return slabs


def _noise(slabs: list[tuple[Floats, Mask]], spacing: Spacing, sigma_mm: float = 0.0) -> float:
    """The standard deviation, HU, of what is finer than anatomy in brain, by the median deviation."""
    deviations = []
    for plane, inside in slabs:
        held = plane.clip(*_SOFT_HU)
        shown = _blur(held, spacing, sigma_mm) if sigma_mm else held
        mean = _blur(held, spacing, _DETAIL_MM)
        brain = inside & (mean > _BRAIN_HU[0]) & (mean < _BRAIN_HU[1])
        if np.count_nonzero(brain) >= _FEWEST_PIXELS:
            deviations.append(1.4826 * np.median(np.abs(shown - mean)[brain]))
    return float(np.median(deviations)) if deviations else 0.0


def _smoothed(plane: Floats, spacing: Spacing, sigma_mm: float) -> Floats:
    """``plane`` ``[H, W]`` blurred where it is soft tissue, among soft tissue alone."""
    bone = _blur(plane.clip(-100, 300), spacing, _COPY_MM) > _BONE_HU
    far_from_bone = ndimage.distance_transform_edt(~bone, sampling=spacing[1:]) > _RIM_MM
    soft = far_from_bone & (plane > _SOFT_HU[0]) & (plane < _SOFT_HU[1])
    weight = _blur(soft.astype(np.float32), spacing, sigma_mm)
    total = _blur(np.where(soft, plane, np.float32(0)), spacing, sigma_mm)
    return np.where(soft, total / np.maximum(weight, np.float32(1e-3)), plane)


def _blur(plane: Floats, spacing: Spacing, sigma_mm: float) -> Floats:
    sigma = sigma_mm / spacing[1], sigma_mm / spacing[2]
    blurred: Floats = ndimage.gaussian_filter(plane, sigma, truncate=3)
    return blurred
