"""Targets for scans of which readers named the bleeding slices but drew no outline.

``traced.csv`` names discs on some of these slices; what is bright in them is hemorrhage. Elsewhere on a
bleeding slice what is bright is unknown, and all the rest of the scan is not hemorrhage.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import remove_small_objects

from .cases import Case
from .sampling import IGNORE

# After smoothing, normal grey matter stays below this (HU); on a bleeding slice, above it may be blood.
_PERHAPS_BLOOD_HU = 50.0
_BONE_HU = 110.0
_SMALLEST_PIXELS = 12


@cache
def _discs() -> list[dict[str, str]]:
    with (Path(__file__).parent / "traced.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def trace(
    case: Case, hu: NDArray[Any], brain: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """The target ``[D, H, W]`` (0, 1, 255) of ``case``, whose ``hu`` and ``brain`` are in canonical order."""
    sigma = (0.0, 0.5 / spacing[1], 0.5 / spacing[2])
    smooth = ndimage.gaussian_filter(hu.clip(-20, 200).astype(np.float32), sigma)
    target = np.zeros(hu.shape, np.uint8)
    for index in case.bleeding_slices:
        target[index][brain[index] & (smooth[index] > _PERHAPS_BLOOD_HU)] = IGNORE
    rows, columns = np.ogrid[: hu.shape[1], : hu.shape[2]]
    for disc in (disc for disc in _discs() if disc["case"] == case.name):
        distance = np.hypot(
            (rows - float(disc["row"])) * spacing[1], (columns - float(disc["column"])) * spacing[2]
        )
        for index in range(int(disc["first_slice"]), int(disc["last_slice"]) + 1):
            bright = (smooth[index] >= float(disc["lowest_hu"])) & (smooth[index] < _BONE_HU)
            blood = bright & brain[index] & (distance <= float(disc["radius_mm"]))
            blood = remove_small_objects(ndimage.binary_opening(blood), max_size=_SMALLEST_PIXELS)
            target[index][ndimage.binary_fill_holes(blood)] = 1
    return target
