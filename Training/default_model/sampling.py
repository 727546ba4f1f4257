"""Prepared scans, and how much the patches drawn from them are disturbed; neither needs PyTorch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..sample_files import sample_files

IGNORE = 255


@dataclass(frozen=True)
class Sample:
    """A prepared scan on a network's grid.

    Attributes:
        image: ``[D, H, W]`` uint8, the HU window as 0..240.
        target: ``[D, H, W]`` uint8: 0 background, 1 hemorrhage, 255 unknown.
        foreground: ``[N, 3]`` voxels to centre patches on.
        group: what kind of scan this is; groups are drawn by their weights.
    """

    name: str
    group: str
    image: NDArray[np.uint8]
    target: NDArray[np.uint8]
    foreground: NDArray[np.int16]


def load_samples(folder: Path) -> list[Sample]:
    """The prepared scans in ``folder``, in the order of their names."""
    samples = []
    for name, path in sample_files(folder).items():
        with np.load(path) as file:
            samples.append(
                Sample(name, str(file["group"]), file["image"], file["target"], file["foreground"])
            )
    return samples


@dataclass(frozen=True)
class Augmentation:
    """How much a patch is disturbed. Lengths are in patch pixels, intensities in HU.

    Attributes:
        tilted_share: of the patches, how many show planes that climb through the slices.
        climb_slices: by how many slices at most, from the first row of a patch to its last.
    """

    rotation_degrees: float = 30.0
    log_scale: float = 0.2
    contrast: float = 0.25
    shift_hu: float = 5.0
    noise_hu: float = 7.0
    blur_pixels: float = 1.0
    foreground_share: float = 0.67
    tilted_share: float = 0.0
    climb_slices: float = 0.0
