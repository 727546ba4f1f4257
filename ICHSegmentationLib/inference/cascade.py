"""The cascade: the coarse stage looks at the whole head, the fine stage outlines what it saw.

After Xu et al., "An Automatic Cascaded Model for Hemorrhagic Stroke Segmentation and Hemorrhagic Volume
Estimation", section 4.1.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import cc3d
import numpy as np
import torch
from numpy.typing import NDArray

from ..labels import label_named
from ..models import ModelFolder
from ..preparation.intracranial import bounding_box, intracranial_region
from ..preparation.orientation import Reorientation
from ..volume import CTVolume, Volume
from .device import choose_device
from .network_grid import NetworkGrid
from .regions import Region, regions_to_refine
from .stage import Probability, StageNetwork
from .uncertainty import Uncertainty, coarse_uncertainty, left_out_ml, uncertainty

ProgressListener = Callable[[str, float], None]


def _ignore(stage: str, fraction: float) -> None:
    """For a caller who does not want to hear of progress."""


_MOVED = "The GPU had too little free memory, so the CPU was used."

# Around the intracranial region (mm): keeps thin extra-axial blood where the region falls a little short.
_MARGIN_MM = 10.0


@dataclass(frozen=True)
class Segmentation:
    """What the cascade found.

    Attributes:
        mask: label values on the CT's own grid, uint8.
        uncertainty: where the networks were unsure.
        device: where the networks ran.
        timings_s: seconds of each stage.
        warnings: what a user should know, one sentence each.
    """

    mask: Volume
    uncertainty: Uncertainty
    device: str
    timings_s: dict[str, float]
    warnings: tuple[str, ...] = ()


@dataclass
class _Clock:
    progress: ProgressListener
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, fraction: float) -> Iterator[None]:
        self.progress(name, fraction)
        started = time.perf_counter()
        yield
        self.timings_s[name] = time.perf_counter() - started


@dataclass(frozen=True)
class _Thresholds:
    """The numbers of a manifest's ``inference``.

    Attributes:
        unsure, seen: see :func:`~.regions.regions_to_refine`.
        margin_mm: how far beyond what the coarse stage saw the fine stage looks, in plane.
        context_slices, context_mm: how much the fine stage sees at least, in slices and in plane.
        fine_weight: share of the fine stage in the mean of both stages' probabilities.
        hemorrhage: mean probability above which a voxel is hemorrhage.
        smallest_ml: connected regions below this volume are dropped.
        mirrored: 1 where both stages also look at the mirror image, else 0.
    """

    unsure: float = 0.2
    seen: float = 0.5
    margin_mm: float = 12.0
    context_slices: float = 8
    context_mm: float = 58.0
    fine_weight: float = 0.6
    hemorrhage: float = 0.5
    smallest_ml: float = 0.1
    mirrored: float = 0


class Segmenter:
    """A cascade, loaded once, that segments any number of scans.

    Args:
        model: the model folder; it is verified before anything is loaded.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: CPU threads; None leaves PyTorch's choice.

    Raises:
        ModelError: the model was altered, or cannot be loaded.
        DeviceError: the device is not there.
    """

    def __init__(self, model: ModelFolder, device: str = "auto", threads: int | None = None) -> None:
        model.verify()
        if threads is not None:
            torch.set_num_threads(threads)
        self.model = model
        self._device = choose_device(device)
        self._thresholds = _Thresholds(**model.manifest.inference)
        self._coarse, self._fine = (
            StageNetwork(model, name, self._device, bool(self._thresholds.mirrored))
            for name in ("coarse", "fine")
        )
        self._label = label_named(model.manifest.labels[0]).value

    def __call__(self, ct: CTVolume, progress: ProgressListener = _ignore) -> Segmentation:
        """Segment ``ct``; ``progress`` hears each stage's name and the fraction done so far.

        Where a GPU has too little memory, this scan and later ones are segmented on the CPU, with a warning.
        """
        try:
            return self._segment(ct, progress)
        except torch.OutOfMemoryError:
            if self._device.type == "cpu":
                raise
            self._leave_the_gpu()
        result = self._segment(ct, progress)
        return replace(result, warnings=(*result.warnings, _MOVED))

    def _leave_the_gpu(self) -> None:
        self._device = torch.device("cpu")
        for stage in (self._coarse, self._fine):
            stage.move(self._device)

    def _segment(self, ct: CTVolume, progress: ProgressListener) -> Segmentation:
        clock = _Clock(progress)
        order = Reorientation.of(ct.grid)
        hu, grid = order.apply(ct.voxels), order.grid
        with clock.stage("prepare", 0.0):
            inside = intracranial_region(hu, grid.spacing)
            box = bounding_box(inside.mask, _MARGIN_MM, grid.spacing)
        with clock.stage("locate", 0.1):
            coarse = self._coarse.probability(hu[box], grid.spacing).within(inside.mask[box])
            regions = self._regions(coarse)
        found, unsure = np.zeros(hu.shape, np.uint8), np.zeros(hu.shape, np.uint8)
        with clock.stage("refine", 0.4):
            unsure[box] = coarse_uncertainty(coarse)
            for number, region in enumerate(regions):
                progress("refine", 0.4 + 0.6 * number / len(regions))
                mean = self._probability(hu[box][region.native], grid.spacing, coarse, region)
                found[box][region.native] = (mean > self._thresholds.hemorrhage).numpy()
                unsure[box][region.native] = uncertainty(mean)
            found &= inside.mask
            unsure *= inside.mask
            self._drop_specks(found, grid.voxel_volume_mm3)
        found *= np.uint8(self._label)
        mask, doubt = (Volume(np.ascontiguousarray(order.undo(a)), ct.affine) for a in (found, unsure))
        left_out = left_out_ml(coarse, regions, self._thresholds.unsure, grid.voxel_volume_mm3)
        doubts = Uncertainty(doubt, left_out, inside.warnings)
        return Segmentation(mask, doubts, str(self._device), clock.timings_s, inside.warnings)

    def _regions(self, coarse: Probability) -> list[Region]:
        limits = self._thresholds
        _, row, column = self._coarse.spacing_mm
        margin = 1, round(limits.margin_mm / row), round(limits.margin_mm / column)
        context = (
            int(limits.context_slices),
            round(limits.context_mm / row),
            round(limits.context_mm / column),
        )
        return regions_to_refine(
            coarse.values.numpy(), coarse.grid, limits.unsure, limits.seen, margin, context
        )

    def _probability(
        self, hu: NDArray[Any], spacing: tuple[float, float, float], coarse: Probability, region: Region
    ) -> torch.Tensor:
        """Mean probability of both stages ``[D, H, W]`` in one region of the scan's own grid."""
        weight = self._thresholds.fine_weight
        fine = self._fine.probability(hu, spacing)
        seen = coarse.values[region.coarse]
        grid = NetworkGrid(fine.grid.native, coarse.grid.slab, tuple(seen.shape))  # type: ignore[arg-type]
        return fine.grid.back(fine.values) * weight + grid.back(seen) * (1 - weight)

    def _drop_specks(self, found: NDArray[np.uint8], voxel_mm3: float) -> None:
        smallest = int(np.ceil(self._thresholds.smallest_ml * 1000 / voxel_mm3))
        cc3d.dust(found, threshold=smallest, connectivity=26, in_place=True)
