"""Patches for training: drawn from prepared scans, turned, scaled, flipped, and their intensities disturbed.

Each patch follows from its seed alone, so that a training that was interrupted goes on with the very patches
that it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, exp, radians, sin

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .sampling import IGNORE, Augmentation, Sample
from .tilt import climbing, margin_of

_HALF_WINDOW = 120  # stored values 0..240 stand for -1..1


@dataclass(frozen=True)
class PatchSource:
    """Draws patches of ``shape`` ``(D, H, W)`` from ``samples``; ``weights`` gives each group's share."""

    samples: Sequence[Sample]
    weights: dict[str, float]
    shape: tuple[int, int, int]
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Images ``[B, 1, D, H, W]`` in -1..1 and targets ``[B, 1, D, H, W]`` (0, 1, 255) of this step."""
        patches = [self._patch(np.random.default_rng((self.seed, step, index))) for index in range(size)]
        images, targets = zip(*patches, strict=True)
        return torch.stack(images)[:, None], torch.stack(targets)[:, None]

    def _patch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        groups: dict[str, list[Sample]] = {}
        for sample in self.samples:
            groups.setdefault(sample.group, []).append(sample)
        names = [name for name in self.weights if name in groups]
        shares = np.array([self.weights[name] for name in names])
        members = groups[names[rng.choice(len(names), p=shares / shares.sum())]]
        sample = members[rng.integers(len(members))]
        image, target = self._cut(sample, rng)
        return _disturb(image, self.augmentation, rng), target

    def _cut(self, sample: Sample, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        depth, height, width = self.shape
        if len(sample.foreground) and rng.random() < self.augmentation.foreground_share:
            centre = sample.foreground[rng.integers(len(sample.foreground))].astype(float)
            centre += rng.uniform(-0.25, 0.25, 3) * self.shape
        else:
            centre = rng.uniform(0.1, 0.9, 3) * sample.image.shape
        climb = self._climb(rng)
        margin = margin_of(climb)
        first = round(centre[0] - depth / 2) - margin
        rows = np.arange(first, first + depth + 2 * margin)
        inside = (rows >= 0) & (rows < sample.image.shape[0])
        slices = rows[inside]
        grid = self._grid(sample.image.shape[1:], centre[1:], rng).expand(len(slices), -1, -1, -1)
        image, blood, known = planes = torch.zeros(3, len(rows), height, width)
        pixels = torch.from_numpy(sample.image[slices].astype(np.float32))[:, None]
        image[inside] = F.grid_sample(pixels, grid, "bilinear", "zeros", align_corners=False)[:, 0]
        labels = torch.from_numpy(sample.target[slices].astype(np.float32))[:, None]
        told = (labels != IGNORE).float()
        both = torch.cat([labels * told, told], 1)
        both = F.grid_sample(both, grid, "bilinear", "border", align_corners=False)
        blood[inside], known[inside] = both[:, 0], both[:, 1]
        image, blood, known = climbing(planes, climb)
        target = torch.where(known > 0.99, (blood >= 0.5).float(), float(IGNORE))
        return image / _HALF_WINDOW - 1, target

    def _climb(self, rng: np.random.Generator) -> float:
        share = self.augmentation.tilted_share
        if share and rng.random() < share:
            return float(rng.uniform(-1, 1) * self.augmentation.climb_slices)
        return 0.0

    def _grid(self, size: Sequence[int], centre: NDArray[np.float64], rng: np.random.Generator) -> Tensor:
        height, width = size
        augmentation = self.augmentation
        angle = radians(rng.uniform(-1, 1) * augmentation.rotation_degrees)
        scale = exp(rng.uniform(-1, 1) * augmentation.log_scale)
        flip = -1.0 if rng.random() < 0.5 else 1.0
        rows, columns = self.shape[1] / height * scale, self.shape[2] / width * scale
        aspect = height / width
        theta = [
            [flip * columns * cos(angle), -rows * aspect * sin(angle), 2 * centre[1] / width - 1],
            [flip * columns / aspect * sin(angle), rows * cos(angle), 2 * centre[0] / height - 1],
        ]
        shape = [1, 1, self.shape[1], self.shape[2]]
        return F.affine_grid(torch.tensor(theta, dtype=torch.float32)[None], shape, align_corners=False)


def _disturb(image: Tensor, augmentation: Augmentation, rng: np.random.Generator) -> Tensor:
    """``image`` ``[D, H, W]`` with another contrast, brightness, sharpness and noise, still in -1..1."""
    hu = 1 / 60.0
    if rng.random() < 0.4:
        sigma = rng.uniform(0.3, augmentation.blur_pixels)
        smooth = _blur(image, sigma)
        image = smooth if rng.random() < 0.6 else image + rng.uniform(0.3, 1.0) * (image - smooth)
    image = image * (1 + rng.uniform(-1, 1) * augmentation.contrast)
    image = image + rng.uniform(-1, 1) * augmentation.shift_hu * hu
    if rng.random() < 0.5:
        noise = torch.from_numpy(rng.standard_normal(image.shape, dtype=np.float32))
        if rng.random() < 0.5:
            noise = _blur(noise, 0.8) * 2.5
        image = image + noise * (rng.uniform(0, augmentation.noise_hu) * hu)
    return image.clamp(-1, 1)


def _blur(image: Tensor, sigma: float) -> Tensor:
    offsets = torch.arange(-2, 3, dtype=torch.float32)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).view(1, 1, 1, 5)
    padded = F.pad(image[:, None], (2, 2, 2, 2), mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel), kernel.transpose(2, 3))[:, 0]
