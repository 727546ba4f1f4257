"""The whole way from a scan to its mask in the shape of a network, for programs that know MONAI Bundles."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.hounsfield import as_hounsfield
from ICHSegmentationLib.pipeline import load_segmenter
from ICHSegmentationLib.preparation.checks import check_ct
from ICHSegmentationLib.settings import DeviceName, SegmentationSettings
from ICHSegmentationLib.volume import CTVolume


class WholeScan(nn.Module):
    """Segments one scan as ``ichseg segment`` does: all stages, windows and thresholds are inside.

    The labels are those of the model; subtypes that ``ichseg segment`` tells afterwards are not in them.
    It has no parameters of its own: the model folder's weights are verified and loaded at the first scan.

    Args:
        folder: a model folder, such as ``model`` in a bundle.
    """

    def __init__(self, folder: str | Path, device: DeviceName = "auto", threads: int | None = None) -> None:
        super().__init__()
        self.settings = SegmentationSettings(str(folder), device=device, threads=threads)

    def forward(self, image: Tensor) -> Tensor:
        """Label values ``[1, 1, W, H, D]`` of HU of the same shape, axes as MONAI's ``LoadImage`` gives them.

        Args:
            image: a ``MetaTensor``, whose ``affine`` (RAS, mm) places the voxels.

        Raises:
            InputError: several scans at once, no affine, or no head CT.
            ModelError, DependencyError: see :func:`ICHSegmentationLib.pipeline.load_segmenter`.
        """
        affine = getattr(image, "affine", None)
        if affine is None or image.ndim != 5 or tuple(image.shape[:2]) != (1, 1):
            raise InputError(
                f"Expected one scan [1, 1, W, H, D] with its affine, found {list(image.shape)} "
                f"{'without one' if affine is None else ''}.",
                "Load it with MONAI's LoadImaged and EnsureChannelFirstd, one scan in a batch.",
            )
        voxels = as_hounsfield(np.ascontiguousarray(image.detach().cpu().numpy()[0, 0].T))
        ct = CTVolume(voxels, np.asarray(affine, dtype=np.float64).reshape(4, 4))
        check_ct(ct)
        mask = load_segmenter(self.settings)(ct, _nobody_listens).mask
        found = torch.from_numpy(np.ascontiguousarray(mask.voxels.T))[None, None]
        return _like(image, found)


def _like(image: Tensor, values: Tensor) -> Tensor:
    """``values`` with the place that ``image`` has."""
    from monai.data import MetaTensor

    return MetaTensor(values.to(image.device), meta=image.meta) if isinstance(image, MetaTensor) else values


def _nobody_listens(stage: str, fraction: float) -> None:
    """MONAI's inferers have nobody to tell."""
