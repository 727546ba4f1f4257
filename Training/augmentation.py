"""The augmentations that recipes name, as MONAI dictionary transforms."""

from collections.abc import Callable, Hashable, Mapping
from math import radians
from typing import Any

import numpy as np
import torch
from monai.transforms import (
    MapTransform,
    Rand2DElasticd,
    RandAdjustContrastd,
    RandAffined,
    RandFlipd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    Randomizable,
    RandScaleIntensityd,
    RandScaleIntensityFixedMeand,
    RandSimulateLowResolutiond,
    Transform,
)
from torch import Tensor

from .recipes.recipe import StageRecipe, Step

_BOTH, _IMAGE = ("image", "label"), ("image",)
_MODES = ("bilinear", "nearest")
_AXES = ("slices", "rows", "columns")


class _Around(Randomizable, MapTransform):
    """Does a random transform to an item that is first put into another form."""

    def __init__(self, transform: Transform, keys: tuple[Hashable, ...]) -> None:
        MapTransform.__init__(self, keys)
        self._transform = transform

    def set_random_state(
        self, seed: int | None = None, state: np.random.RandomState | None = None
    ) -> "_Around":
        super().set_random_state(seed, state)
        assert isinstance(self._transform, Randomizable)
        self._transform.set_random_state(seed, state)
        return self

    def randomize(self, data: Any) -> None:
        """The transform inside draws its own numbers."""


class InPlane(_Around):
    """Does to each slice of a volume what ``transform`` does to one slice, the same to all of them.

    Slices lie several times as far apart as pixels, so volumes are turned, scaled and blurred in plane only
    (nnU-Net's "dummy 2D" augmentation of anisotropic data).
    """

    def __init__(self, transform: MapTransform) -> None:
        super().__init__(transform, transform.keys)

    def __call__(self, data: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        item = dict(data)
        shapes = {key: item[key].shape for key in self.keys}
        for key in self.keys:
            item[key] = item[key].flatten(0, -3)  # slices become channels
        done = self._transform(item)
        return {**done, **{key: done[key].reshape(shapes[key]) for key in self.keys}}


class OfScan(_Around):
    """Does ``transform`` to the first ``channels`` channels of the image only: those made of the scan, not an
    earlier stage's answer behind them."""

    def __init__(self, transform: Transform, channels: int) -> None:
        super().__init__(transform, _IMAGE)
        self._channels = channels

    def __call__(self, data: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        scan, answer = data["image"][: self._channels], data["image"][self._channels :]
        done: dict[Hashable, Tensor] = dict(self._transform({**data, "image": scan}))
        return {**done, "image": torch.cat([done["image"], answer])}


def _rotate(degrees: float, probability: float = 1.0) -> Transform:
    """Turned in plane by up to so many degrees."""
    turn = RandAffined(
        _BOTH, prob=probability, rotate_range=radians(degrees), mode=_MODES, padding_mode="zeros"
    )
    return InPlane(turn)


def _scale(smallest: float, largest: float, probability: float) -> Transform:
    """Shown in plane at another size: 2 is twice as large."""
    # MONAI scales the sampling grid: a finer grid shows the image larger
    ranges = [(1 / largest - 1, 1 / smallest - 1)] * 2
    return InPlane(
        RandAffined(_BOTH, prob=probability, scale_range=ranges, mode=_MODES, padding_mode="zeros")
    )


def _elastic(spacing: int, pixels: tuple[float, float], probability: float) -> Transform:
    """Control points every ``spacing`` pixels move in plane by a random part of ``pixels``."""
    return InPlane(
        Rand2DElasticd(_BOTH, (spacing, spacing), pixels, prob=probability, mode=_MODES, padding_mode="zeros")
    )


def _flip(axis: str, dimensions: int, probability: float = 0.5) -> Transform:
    """Mirrored along slices, rows or columns."""
    return RandFlipd(_BOTH, prob=probability, spatial_axis=_AXES.index(axis) - (3 - dimensions))


def _noise(std: float, probability: float) -> Transform:
    """Gaussian noise whose standard deviation is drawn from 0 to ``std``, in normalised units."""
    return RandGaussianNoised(_IMAGE, prob=probability, std=std, sample_std=True)


def _smooth(sigma: tuple[float, float], probability: float) -> Transform:
    """Blurred in plane, ``sigma`` in pixels."""
    return InPlane(RandGaussianSmoothd(_IMAGE, sigma_x=sigma, sigma_y=sigma, prob=probability))


def _contrast(change: float, probability: float) -> Transform:
    """Distances from the mean grow or shrink by up to this share; the range of values stays."""
    return RandScaleIntensityFixedMeand(
        _IMAGE, prob=probability, factors=(-change, change), preserve_range=True
    )


def _brightness(change: float, probability: float) -> Transform:
    """All values grow or shrink by up to this share."""
    return RandScaleIntensityd(_IMAGE, factors=(-change, change), prob=probability)


def _gamma(
    smallest: float,
    largest: float,
    probability: float,
    inverted: bool = False,
    keep_mean_and_std: bool = False,
) -> Transform:
    """The patch's range of values, raised to a power; ``inverted`` does it to the negative."""
    return RandAdjustContrastd(
        _IMAGE,
        prob=probability,
        gamma=(smallest, largest),
        invert_image=inverted,
        retain_stats=keep_mean_and_std,
    )


def _low_resolution(smallest: float, probability: float) -> Transform:
    """As if taken with fewer pixels, down to this share along rows and columns."""
    return InPlane(
        RandSimulateLowResolutiond(
            _IMAGE, prob=probability, zoom_range=(smallest, 1.0), upsample_mode="bicubic"
        )
    )


AUGMENTATIONS: dict[str, Callable[..., Transform]] = {
    "rotate": _rotate,
    "scale": _scale,
    "elastic": _elastic,
    "flip": _flip,
    "noise": _noise,
    "smooth": _smooth,
    "contrast": _contrast,
    "brightness": _brightness,
    "gamma": _gamma,
    "low_resolution": _low_resolution,
}


# These change places; all others change intensities.
_SPATIAL = {"rotate", "scale", "elastic", "flip"}


def augmentations(stage: StageRecipe) -> list[Transform]:
    """The stage's augmentations, of items with ``image`` ``[C, D, H, W]`` and ``label`` ``[1, D, H, W]``.

    Items of a 2D stage have no ``D``. An earlier stage's answer moves with the scan, and its values stay.
    """
    replaced = stage.input_from is not None and stage.input_use == "replace"
    steps = [step for step in stage.augmentation if step.name in _SPATIAL or not replaced]
    return [_of_stage(step, stage) for step in steps]


def _of_stage(step: Step, stage: StageRecipe) -> Transform:
    transform = augmentation(step, stage.dimensions)
    joined = stage.input_channels > stage.image_channels
    return OfScan(transform, stage.image_channels) if joined and step.name not in _SPATIAL else transform


def augmentation(step: Step, dimensions: int) -> Transform:
    """One augmentation, of volumes (3) or of slices (2).

    Raises:
        KeyError: there is none of this name.
        TypeError: its numbers have other names.
    """
    also = {"dimensions": dimensions} if step.name == "flip" else {}
    return AUGMENTATIONS[step.name](**step.params, **also)
