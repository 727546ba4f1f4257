"""The cascade: the coarse stage looks at the whole head, the fine stage outlines what it saw.

After Xu et al., "An Automatic Cascaded Model for Hemorrhagic Stroke Segmentation and Hemorrhagic Volume
Estimation", section 4.1.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from ..labels import label_named
from ..models import ModelFolder, Stage
from ..preparation.brain_density import with_brain_within
from ..preparation.head import inside_of
from ..preparation.intracranial import bounding_box
from ..preparation.noise import calmed
from ..preparation.orientation import Reorientation
from ..settings import DeviceName, EngineName
from ..volume import CTVolume, Grid, Volume
from .device import CPU_INSTEAD, choose_device, out_of_gpu_memory
from .engines.choice import chosen_engine
from .engines.network import EngineError, Network
from .engines.opening import fell_back, open_network
from .probability import Probability
from .regions import Region, box_of, regions_to_refine
from .rims import rims
from .stage import AnyStage, StageNetwork
from .uncertainty import MOST_UNSURE, Uncertainty, coarse_uncertainty, left_out_ml

ProgressListener = Callable[[str, float], None]


def ignore_progress(stage: str, fraction: float) -> None:
    """For a caller who does not want to hear of progress."""


# Around the intracranial region (mm): keeps thin extra-axial blood where the region falls a little short.
_MARGIN_MM = 10.0


@dataclass(frozen=True)
class Segmentation:
    """What the cascade found.

    Attributes:
        mask: label values on the CT's own grid, uint8.
        specks: the same of regions that were left out of it as too small.
        uncertainty: where the networks were unsure.
        device: where the networks ran.
        engine: what ran them.
        timings_s: seconds of each stage.
        warnings: what a user should know, one sentence each.
    """

    mask: Volume
    uncertainty: Uncertainty
    device: str
    timings_s: dict[str, float]
    warnings: tuple[str, ...] = ()
    engine: str = "torch"
    specks: Volume | None = None


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
        smallest_ml: connected regions below this volume are specks.
        speck_ml: specks below this volume are not told of.
        mirrored: 1 where both stages also look at the mirror image, else 0.
        lowest_brain_hu, highest_brain_hu: between which the brain of a scan is brought before the networks
            see it; without them they see HU as they are.
        rim_mm: a brain shown above ``lowest_brain_hu`` is shown to the fine stage once more at that, and
            rims of dense lesions up to this wide (mm) that are not even ``unsure`` there are left out
            (:mod:`.rims`); 0 leaves all as it is.
    """

    unsure: float = 0.2
    seen: float = 0.5
    margin_mm: float = 12.0
    context_slices: float = 8
    context_mm: float = 58.0
    fine_weight: float = 0.6
    hemorrhage: float = 0.5
    smallest_ml: float = 0.1
    speck_ml: float = 0.1
    mirrored: float = 0
    lowest_brain_hu: float = -inf
    highest_brain_hu: float = inf
    rim_mm: float = 0.0


def stage_of(stage: Stage, network: Network, device: str, mirrored: bool) -> AnyStage:
    """What runs a stage: on NVIDIA's GPUs with all its arrays there, else with NumPy around the network."""
    if device == "cuda":
        from .engines.torch_network import TorchNetwork
        from .on_device.device_stage import DeviceStage

        if isinstance(network, TorchNetwork):
            return DeviceStage(stage, network, mirrored)
    return StageNetwork(stage, network, mirrored)


class Segmenter:
    """A cascade, loaded once, that segments any number of scans.

    Args:
        model: the model folder; it is verified before anything is loaded.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: CPU threads; None leaves the engine's choice.
        engine: what runs the networks; see :mod:`.engines`. PyTorch stands in for one that fails.

    Raises:
        ModelError: the model was altered, or cannot be loaded.
        DeviceError: the device is not there.
        ImportError: PyTorch is needed and not installed.
    """

    def __init__(
        self,
        model: ModelFolder,
        device: DeviceName = "auto",
        threads: int | None = None,
        engine: EngineName = "auto",
    ) -> None:
        model.verify()
        self.model = model
        self._threads = threads
        self._thresholds = _Thresholds(**model.manifest.inference)
        self._label = label_named(model.manifest.labels[0]).value
        self._warnings: tuple[str, ...] = ()
        self._open(engine, choose_device(device))

    def __call__(self, ct: CTVolume, progress: ProgressListener = ignore_progress) -> Segmentation:
        """Segment ``ct``; ``progress`` hears each stage's name and the fraction done so far.

        Where an engine fails, or a GPU has too little memory, this scan and later ones are segmented by
        PyTorch on the CPU, with a warning.
        """
        try:
            return self._segment(ct, progress)
        except EngineError as error:
            self._warnings = (*self._warnings, fell_back(self._engine, error))
        except RuntimeError as error:
            if not out_of_gpu_memory(error, self._device):
                raise
            self._warnings = (*self._warnings, CPU_INSTEAD)
        self._open("torch", "cpu")
        return self._segment(ct, progress)

    def _open(self, engine: EngineName, device: str) -> None:
        self._device = device
        self._engine = chosen_engine(engine, device)
        mirrored = bool(self._thresholds.mirrored)
        stages = []
        for name in ("coarse", "fine"):
            opened = open_network(self.model, name, self._engine, device, self._threads)
            self._engine = opened.network.engine
            self._warnings = tuple(dict.fromkeys((*self._warnings, *opened.warnings)))
            stages.append(stage_of(self.model.manifest.stages[name], opened.network, device, mirrored))
        self._coarse, self._fine = stages

    def _segment(self, ct: CTVolume, progress: ProgressListener) -> Segmentation:
        clock = _Clock(progress)
        order = Reorientation.of(ct.grid)
        hu, grid = order.apply(ct.voxels), order.grid
        with clock.stage("prepare", 0.0):
            inside = inside_of(ct)
            box = bounding_box(inside.mask, _MARGIN_MM, grid.spacing)
            calm = calmed(hu[box], inside.mask[box], grid.spacing, self._coarse.spacing_mm[0])
            limits = self._thresholds
            shown = with_brain_within(
                limits.lowest_brain_hu, limits.highest_brain_hu, calm.hu, inside.mask[box]
            )
        with clock.stage("locate", 0.1):
            coarse = self._coarse.probability(shown, grid.spacing).within(inside.mask[box])
            regions = self._regions(coarse)
        found, specks, unsure = (np.zeros(hu.shape, np.uint8) for _ in range(3))
        with clock.stage("refine", 0.4):
            unsure[box] = coarse_uncertainty(coarse)
            for number, region in enumerate(regions):
                progress("refine", 0.4 + 0.4 * number / len(regions))
                crop = shown[region.native]
                seen = coarse.in_region(region.coarse, crop.shape)
                refined = self._fine.refined(crop, grid.spacing, seen, limits.fine_weight, limits.hemorrhage)
                found[box][region.native] = refined.mask
                unsure[box][region.native] = refined.doubt
            if limits.rim_mm and found.any():
                progress("refine", 0.8)
                rim = self._rims(found[box], shown, inside.mask[box], grid.spacing, regions)
                found[box][rim] = 0
                unsure[box][rim] = MOST_UNSURE
            for values in (found, unsure):
                values[box] *= inside.mask[box]
            if regions:
                where = box_of(regions)
                found[box][where], specks[box][where] = self._by_size(found[box][where], grid)
        mask, small, doubt = (
            Volume(np.ascontiguousarray(order.undo(each)), ct.affine) for each in (found, specks, unsure)
        )
        left_out = left_out_ml(coarse, regions, self._thresholds.unsure, grid.voxel_volume_mm3)
        doubts = Uncertainty(doubt, left_out, inside.warnings)
        warnings = (*inside.warnings, *calm.warnings, *self._warnings)
        return Segmentation(mask, doubts, self._device, clock.timings_s, warnings, self._engine, small)

    def _rims(
        self,
        found: NDArray[Any],
        shown: NDArray[Any],
        inside: NDArray[np.bool_],
        spacing: Sequence[float],
        regions: Sequence[Region],
    ) -> NDArray[np.bool_]:
        """Of what is ``found`` the rims that the fine stage does not even think possible where the brain is
        shown darkest."""
        limits = self._thresholds
        dark = np.zeros(found.shape, bool)
        darker = with_brain_within(limits.lowest_brain_hu, limits.lowest_brain_hu, shown, inside)
        if darker is shown:
            return dark
        for native in (region.native for region in regions if found[region.native].any()):
            fine = self._fine.probability(darker[native], spacing)
            dark[native] = fine.grid.back(fine.values) > limits.unsure
        return rims(found, dark, limits.rim_mm, spacing)

    def _regions(self, coarse: Probability) -> list[Region]:
        limits = self._thresholds
        _, row, column = self._coarse.spacing_mm
        margin = 1, round(limits.margin_mm / row), round(limits.margin_mm / column)
        context = (
            int(limits.context_slices),
            round(limits.context_mm / row),
            round(limits.context_mm / column),
        )
        return regions_to_refine(coarse.values, coarse.grid, limits.unsure, limits.seen, margin, context)

    def _by_size(self, found: NDArray[np.uint8], grid: Grid) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """What counts by itself, and the specks."""
        kept, told = (
            cc3d.dust(
                np.ascontiguousarray(found),
                threshold=int(np.ceil(ml * 1000 / grid.voxel_volume_mm3)),
                connectivity=26,
            )
            for ml in (self._thresholds.smallest_ml, self._thresholds.speck_ml)
        )
        label = np.uint8(self._label)
        return kept * label, (told & ~kept) * label
