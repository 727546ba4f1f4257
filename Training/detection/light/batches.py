"""Batches for the light detector: slices drawn by their kind, turned, shifted, scaled, mirrored, disturbed.

Every batch follows from the seed and its number alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ICHSegmentationLib.labels import HEMORRHAGE, label_named
from ICHSegmentationLib.networks.slice_map import STRIDE
from ICHSegmentationLib.preparation.brain_slices import network_input

from ...datasets.case import SUBTYPE_IDS
from .scan import UNKNOWN, LightScan

_SUBTYPE_VALUES = [label_named(name).value for name in SUBTYPE_IDS]
_SCALE_HU = 20.0  # of the network's input, see network_input


@dataclass(frozen=True)
class Disturbance:
    """How much slices are disturbed."""

    rotation_degrees: float = 15.0
    log_scale: float = 0.12
    shift_share: float = 0.06
    contrast: float = 0.25
    shift_hu: float = 4.0
    noise_hu: float = 6.0
    lonely_share: float = 0.1


@dataclass(frozen=True)
class Batch:
    """Slices to learn from.

    Attributes:
        images: ``[B, 4, H, W]``.
        cells: ``[B, 6, H / 4, W / 4]`` 0, 1 or -1 (unknown) of each cell of the map.
        flags: ``[B, 6]`` 0, 1 or -1 (unknown) of each slice.
    """

    images: Tensor
    cells: Tensor
    flags: Tensor


@dataclass
class SliceSource:
    """Draws slices of ``scans``; ``weights`` gives the share of each kind of slice, ``GROUP+`` those with
    hemorrhage, ``GROUP-`` the others.

    Within a kind a scan is drawn by the square root of the number of its slices, so that hemorrhages on few
    slices are not drowned by those on many.
    """

    scans: Sequence[LightScan]
    weights: Mapping[str, float]
    seed: int = 0
    disturbance: Disturbance = field(default_factory=Disturbance)

    def __post_init__(self) -> None:
        kinds: dict[str, dict[int, list[int]]] = {}
        for number, scan in enumerate(self.scans):
            for index in np.flatnonzero(scan.codes.any(axis=(1, 2))):
                sign = "+" if scan.flags[index, 0] == 1 else "-"
                kinds.setdefault(scan.group + sign, {}).setdefault(number, []).append(int(index))
        self._kinds = {kind: kinds[kind] for kind in self.weights if kind in kinds}
        roots = {kind: np.sqrt([len(each) for each in of.values()]) for kind, of in self._kinds.items()}
        self._chances = {kind: root / root.sum() for kind, root in roots.items()}
        shares = np.array([self.weights[kind] for kind in self._kinds])
        self._shares = shares / shares.sum()

    def batch(self, step: int, size: int) -> Batch:
        rng = np.random.default_rng((self.seed, step))
        names = list(self._kinds)
        drawn = [self._draw(names[rng.choice(len(names), p=self._shares)], rng) for _ in range(size)]
        codes, targets, flags = (np.stack(part) for part in zip(*drawn, strict=True))
        lonely = rng.random(size) < self.disturbance.lonely_share
        codes[lonely] = codes[lonely, 1:2]
        images = torch.from_numpy(network_input(codes))
        grid = _grid(size, images.shape[2:], self.disturbance, rng)
        images = F.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)
        images[:, 3] = (images[:, 3] > 0.5).float()
        turned = F.grid_sample(
            torch.from_numpy(targets).float()[:, None], grid, "nearest", "zeros", align_corners=False
        )
        images = _disturbed(images, self.disturbance, rng).contiguous(memory_format=torch.channels_last)
        known = torch.from_numpy(np.where(flags == UNKNOWN, np.float32(-1), flags.astype(np.float32)))
        return Batch(images, cells_of(turned), known)

    def _draw(
        self, kind: str, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        members = self._kinds[kind]
        number = list(members)[rng.choice(len(members), p=self._chances[kind])]
        index = members[number][rng.integers(len(members[number]))]
        scan = self.scans[number]
        codes = scan.codes.take([index - 1, index, index + 1], axis=0, mode="clip")
        return codes, scan.target[index], scan.flags[index]


def cells_of(target: Tensor) -> Tensor:
    """``[B, 6, H / 4, W / 4]`` of label values ``[B, 1, H, W]``: 1 where a class fills a third of a cell, 0
    where there is none of it, else -1. What hemorrhage it is may be unknown where it is known to be one."""

    batch, _, height, width = target.shape
    blocks = target.reshape(batch, 1, height // STRIDE, STRIDE, width // STRIDE, STRIDE)

    def share(mask: Tensor) -> Tensor:
        return mask.sum((3, 5)) / STRIDE**2

    subtypes = [share(blocks == value) for value in _SUBTYPE_VALUES]
    unknown, unnamed = share(blocks == UNKNOWN), share(blocks == HEMORRHAGE.value)
    whole = unnamed + torch.stack(subtypes).sum(0)
    return torch.cat([_known(whole, unknown), *(_known(one, unknown + unnamed) for one in subtypes)], dim=1)


def _known(share: Tensor, unknown: Tensor) -> Tensor:
    absent = (share < 0.02) & (unknown < 0.02)
    return torch.where(share > 0.33, 1.0, torch.where(absent, 0.0, -1.0))


def _grid(size: int, shape: Sequence[int], disturbance: Disturbance, rng: np.random.Generator) -> Tensor:
    angle = np.radians(rng.uniform(-1, 1, size) * disturbance.rotation_degrees)
    scale = np.exp(rng.uniform(-1, 1, (2, size)) * disturbance.log_scale)
    shift = rng.uniform(-2, 2, (2, size)) * disturbance.shift_share
    flip = np.where(rng.random(size) < 0.5, -1.0, 1.0)
    aspect = shape[0] / shape[1]
    rows = [
        [flip * scale[0] * np.cos(angle), -scale[1] * aspect * np.sin(angle), shift[0]],
        [flip * scale[0] / aspect * np.sin(angle), scale[1] * np.cos(angle), shift[1]],
    ]
    theta = torch.from_numpy(np.array(rows).transpose(2, 0, 1).astype(np.float32))
    return F.affine_grid(theta, [size, 1, *shape], align_corners=False)


def _disturbed(images: Tensor, disturbance: Disturbance, rng: np.random.Generator) -> Tensor:
    """Another contrast, brightness, sharpness and noise within the brain; 0 stays outside of it."""
    size = len(images)

    def each(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, size).astype(np.float32))[:, None, None, None]

    pictures, brain = images[:, :3], images[:, 3:]
    there = pictures != 0
    chosen = torch.from_numpy(rng.permutation(size)[: max(1, size // 3)])
    blurred = F.avg_pool2d(pictures[chosen], 3, 1, 1)
    pictures[chosen] += each(-0.6, 0.9)[: len(chosen)] * (blurred - pictures[chosen])
    noisy = torch.from_numpy(rng.permutation(size)[: max(1, size // 3)])
    noise = torch.from_numpy(rng.standard_normal((len(noisy), *pictures.shape[1:]), dtype=np.float32))
    pictures[noisy] += noise * each(0, 1)[: len(noisy)] * (disturbance.noise_hu / _SCALE_HU)
    pictures = pictures * (1 + each(-1, 1) * disturbance.contrast)
    pictures = pictures + each(-1, 1) * (disturbance.shift_hu / _SCALE_HU)
    return torch.cat([pictures * there, brain], dim=1)
