"""From a scan to what a stage learns from, as MONAI dictionary transforms made from its recipe.

An item holds ``image`` ``[1, D, H, W]`` in HU and ``label`` ``[1, D, H, W]`` of 0 and 1, both in canonical
voxel order, ``spacing`` in mm along slices, rows, columns, and, for a stage that needs an earlier one's
answer, that as ``prior`` ``[1, D, H, W]`` on the scan's own grid.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import (
    Compose,
    EnsureTyped,
    MapTransform,
    RandCropByPosNegLabeld,
    Randomizable,
    RandSpatialCropd,
    SpatialPadd,
    SqueezeDimd,
    Transform,
)
from monai.utils import convert_to_tensor
from numpy.typing import NDArray
from torch import Tensor

from ICHSegmentationLib.inference.region_box import Box, region_box
from ICHSegmentationLib.inference.resampling import resample
from ICHSegmentationLib.inference.staged import fed_with, network_image, region
from ICHSegmentationLib.models import Stage

from .augmentation import augmentations
from .loop.plan import manifest_stage
from .recipes.recipe import StageRecipe

_KEYS = ("image", "label")


def train_transforms(stage: StageRecipe, seed: int = 0) -> Compose:
    """Random, augmented patches: ``image`` ``[C, *patch]`` and ``label`` ``[1, *patch]``.

    A 2D stage gets them without the slice axis.

    Everything random comes after everything that is not, and follows from the seed alone: setting it again
    (``set_random_state``) gives the same patch of the same item again. Scans smaller than a patch are padded
    with 0, behind the normalisation.
    """
    steps: list[Transform] = [
        NetworkInput(stage),
        SpatialPadd(_KEYS, spatial_size=stage.patch),
        LesionVoxels(),
        RandPatch(stage),
    ]
    if stage.dimensions == 2:
        steps.append(SqueezeDimd(_KEYS, dim=1))
    return Compose([*steps, *augmentations(stage), _plain()]).set_random_state(seed)


def validation_transforms(stage: StageRecipe) -> Compose:
    """The whole scan, or the region an earlier stage points to, on the network's grid: ``image``
    ``[C, D, H, W]`` and ``label`` ``[1, D, H, W]``."""
    return Compose([NetworkInput(stage), _plain()])


def _plain() -> Transform:
    return EnsureTyped(_KEYS, dtype=(torch.float32, torch.uint8), track_meta=False)


class NetworkInput(Transform):
    """The channels that the network sees on its grid, exactly as in use, and the label beside them.

    Where the earlier stage found nothing, the region is the label's own, or for want of one the whole scan,
    so that the network learns from every scan.
    """

    def __init__(self, stage: StageRecipe) -> None:
        self._stage = stage

    def __call__(self, item: Mapping[str, Any]) -> dict[str, Any]:
        hu, label = (np.asarray(item[key])[0] for key in _KEYS)
        prior = np.asarray(item["prior"])[0] if "prior" in item else None
        plan = manifest_stage(self._stage, item["spacing"])
        box = self._box(plan, prior, label)
        image = network_image(plan, hu, item["spacing"], prior, box)
        mask = torch.from_numpy(np.ascontiguousarray(label[box], np.float32))[None]
        on_grid = (resample(mask, image.shape[1:]) >= 0.5).to(torch.uint8)
        return {"image": image, "label": on_grid}

    def _box(self, plan: Stage, prior: NDArray[np.float32] | None, label: NDArray[Any]) -> Box:
        seen = region(fed_with(plan), prior, label.shape) or region_box(label, self._stage.region_enlarged)
        depth, height, width = label.shape
        return seen or (slice(0, depth), slice(0, height), slice(0, width))


class LesionVoxels(Transform):
    """The flat indices of the hemorrhage's voxels, as ``lesion``: to look for them once a scan, not once a
    patch."""

    def __call__(self, item: Mapping[str, Any]) -> dict[str, Any]:
        label = torch.as_tensor(convert_to_tensor(item["label"], track_meta=False))
        return {**item, "lesion": label.flatten().nonzero().flatten()}


class RandPatch(Randomizable, MapTransform):
    """A patch of the stage's size from anywhere, or, in ``lesion_share`` of all cases, around a voxel of
    hemorrhage (:class:`LesionVoxels`) where there is any."""

    def __init__(self, stage: StageRecipe) -> None:
        MapTransform.__init__(self, _KEYS)
        self._anywhere = RandSpatialCropd(_KEYS, stage.patch, random_size=False)
        self._on_lesion = RandCropByPosNegLabeld(
            _KEYS, "label", stage.patch, pos=1, neg=0, fg_indices_key="lesion", bg_indices_key="elsewhere"
        )
        self._share = stage.lesion_share

    def set_random_state(
        self, seed: int | None = None, state: np.random.RandomState | None = None
    ) -> "RandPatch":
        super().set_random_state(seed, state)
        for crop in (self._anywhere, self._on_lesion):
            crop.set_random_state(seed=self.R.randint(2**31))
        return self

    def randomize(self, data: Tensor) -> None:
        """Decide where the patch of a scan with these voxels of hemorrhage comes from."""
        self._centred = self.R.random() < self._share and len(data) > 0

    def __call__(self, data: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        lesion = data["lesion"]
        item: dict[Hashable, Tensor] = {key: data[key] for key in _KEYS}
        self.randomize(lesion)
        if not self._centred:
            return self._anywhere(item)
        # With neg=0 nothing is drawn from elsewhere; MONAI only wants it not to be empty.
        return self._on_lesion({**item, "lesion": lesion, "elsewhere": lesion})[0]
