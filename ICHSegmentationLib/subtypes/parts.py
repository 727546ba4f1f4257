"""The parts of one lesion: what of it lies in the ventricles, and the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .classifier import Parameters
from .head_spaces import HeadSpaces
from .lesion_cubes import LesionCubes
from .part_features import cube_features
from .working_grid import STEP_MM, Mask

SMOOTHING_CUBES = 1.5  # chances of neighbouring cubes are averaged: compartments are no salt and pepper
LEAST_PART_ML = 0.8
LEAST_PART_SHARE = 0.1
"""A part of a lesion is told from the rest from this volume, and this share of the lesion, on: below it lies
a rim of cubes of which the ventricle's wall cannot be placed better."""


@dataclass(frozen=True)
class Part:
    """A part of a lesion, in its box.

    Attributes:
        cubes: ``[k, r, c]`` what belongs to it.
        ventricular: the mean chance of its cubes to lie in a ventricle.
    """

    cubes: Mask
    ventricular: float


def parts_of(lesion: LesionCubes, spaces: HeadSpaces, parameters: Parameters) -> tuple[Part, list[Part]]:
    """The whole lesion as one part, and the parts that it falls into; none where it lies in one
    compartment."""
    places = np.argwhere(lesion.part)
    chances = parameters.ventricular.chances(cube_features(places + lesion.first, spaces))[:, 1]
    whole = Part(lesion.part, float(chances.mean()))
    ventricular = _smoothed(chances, places, lesion.part) > 0.5
    volumes = np.array([(~ventricular).sum(), ventricular.sum()]) * STEP_MM**3 / 1000
    if volumes.min() < max(LEAST_PART_ML, LEAST_PART_SHARE * volumes.sum()):
        return whole, []
    return whole, [
        _part(places[here], chances[here], lesion.part.shape) for here in (~ventricular, ventricular)
    ]


def _part(places: NDArray[np.intp], chances: NDArray[np.float64], shape: tuple[int, ...]) -> Part:
    cubes = np.zeros(shape, dtype=bool)
    cubes[tuple(places.T)] = True
    return Part(cubes, float(chances.mean()))


def _smoothed(chances: NDArray[np.float64], places: NDArray[np.intp], part: Mask) -> NDArray[np.float64]:
    """``[n]`` the chances, averaged with those of the lesion's cubes near by."""
    field = np.zeros(part.shape)
    field[tuple(places.T)] = chances
    blurred, weight = (
        ndimage.gaussian_filter(values, SMOOTHING_CUBES, mode="constant", truncate=2)
        for values in (field, part.astype(float))
    )
    found: NDArray[np.float64] = (blurred / np.maximum(weight, 1e-6))[tuple(places.T)]
    return found
