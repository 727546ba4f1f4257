"""Models of one or several trained recipes: each member answers, and a rule makes one mask of the answers."""

import time
from dataclasses import dataclass, fields
from typing import Protocol

import cc3d
import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import ModelError
from ..labels import label_named
from ..models import Manifest, ModelFolder
from ..preparation.orientation import Reorientation
from ..settings import EngineName
from ..volume import CTVolume, Volume
from .cascade import ProgressListener, Segmentation, ignore_progress
from .device import CPU_INSTEAD, choose_device, out_of_gpu_memory
from .engines.choice import chosen_engine
from .half_ratio import HalfRatioRule, half_ratio
from .members import Networks, members_of, probability
from .uncertainty import Uncertainty, uncertainty

RECIPES = ("stages", "mean", "half_ratio")


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a manifest's ``inference``.

    Attributes:
        threshold: probability of at least this is hemorrhage.
        smallest_ml: connected regions below this volume are dropped.
        half_ratio_threshold, few_votes, many_votes: see :class:`~.half_ratio.HalfRatioRule`.
    """

    threshold: float = 0.5
    smallest_ml: float = 0.0
    half_ratio_threshold: float = 0.5
    few_votes: float = 1
    many_votes: float = 7

    @classmethod
    def of(cls, manifest: Manifest) -> "_Numbers":
        unknown = manifest.inference.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ModelError(
                f"model.json: found {', '.join(sorted(unknown))} in 'inference', which the recipe "
                f"'{manifest.recipe}' does not know.",
                "Update ICHSegmentation, or export the model again.",
            )
        return cls(**manifest.inference)


@dataclass(frozen=True)
class _Verdict:
    """What the members say together: the mask, 0 to 100 of doubt, and the half ratio where they voted."""

    mask: NDArray[np.bool_]
    doubt: NDArray[np.uint8]
    half_ratio: float | None = None


class _Rule(Protocol):
    """Hears each member's probability ``[D, H, W]`` in turn, so that they are never all in memory."""

    def hear(self, probability: NDArray[np.float32]) -> None: ...
    def verdict(self) -> _Verdict: ...


class _Mean:
    """The mean of all probabilities against a threshold; a single model is the mean of one."""

    def __init__(self, numbers: _Numbers) -> None:
        self._threshold = numbers.threshold
        self._sum: NDArray[np.float32] | None = None
        self._members = 0

    def hear(self, probability: NDArray[np.float32]) -> None:
        self._sum = probability if self._sum is None else self._sum + probability
        self._members += 1

    def verdict(self) -> _Verdict:
        assert self._sum is not None
        mean = self._sum / np.float32(self._members)
        return _Verdict(mean >= self._threshold, uncertainty(mean))


class _Votes:
    """Each member votes with its own mask; see :mod:`.half_ratio`."""

    def __init__(self, numbers: _Numbers) -> None:
        self._threshold = numbers.threshold
        self._rule = HalfRatioRule(
            numbers.half_ratio_threshold, int(numbers.few_votes), int(numbers.many_votes)
        )
        self._votes: NDArray[np.uint8] | None = None
        self._members = 0

    def hear(self, probability: NDArray[np.float32]) -> None:
        vote = (probability >= self._threshold).astype(np.uint8)
        self._votes = vote if self._votes is None else self._votes + vote
        self._members += 1

    def verdict(self) -> _Verdict:
        assert self._votes is not None
        return _Verdict(
            self._rule.mask(self._votes, self._members),
            uncertainty(self._votes / np.float32(self._members)),
            half_ratio(self._votes, self._members),
        )


class Segmenter:
    """A model of the recipe ``stages``, ``mean`` or ``half_ratio``, that segments any number of scans.

    Args:
        model: the model folder; it is verified before anything is loaded.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: CPU threads; None leaves PyTorch's choice.
        engine: ``amp``, and ``auto`` where a GPU has units for it, computes in half precision; else in full.

    Raises:
        ModelError: the model was altered, or its manifest does not fit together.
        DeviceError: the device is not there.
    """

    def __init__(
        self,
        model: ModelFolder,
        device: str = "auto",
        threads: int | None = None,
        engine: EngineName = "auto",
    ) -> None:
        model.verify()
        if threads is not None:
            torch.set_num_threads(threads)
        self.model = model
        self._members = members_of(model)
        self._numbers = _Numbers.of(model.manifest)
        self._label = label_named(model.manifest.labels[0]).value
        self._warnings: tuple[str, ...] = ()
        there = choose_device(device)
        self._use(torch.device(there), chosen_engine(engine, there) == "amp")

    def _use(self, device: torch.device, half: bool = False) -> None:
        self._device, self._engine = device, "amp" if half else "torch"
        self._networks = Networks(self.model, device, half)

    def __call__(self, ct: CTVolume, progress: ProgressListener = ignore_progress) -> Segmentation:
        """Segment ``ct``; ``progress`` hears the fraction done so far.

        Where a GPU has too little memory, this scan and later ones are segmented on the CPU, with a warning.
        """
        try:
            return self._segment(ct, progress)
        except RuntimeError as error:
            if not out_of_gpu_memory(error, str(self._device)):
                raise
            self._warnings = (CPU_INSTEAD,)
        self._use(torch.device("cpu"))
        return self._segment(ct, progress)

    def _segment(self, ct: CTVolume, progress: ProgressListener) -> Segmentation:
        started = time.perf_counter()
        order = Reorientation.of(ct.grid)
        hu, spacing = np.ascontiguousarray(order.apply(ct.voxels)), order.grid.spacing
        rule: _Rule = (
            _Votes(self._numbers) if self.model.manifest.recipe == "half_ratio" else _Mean(self._numbers)
        )
        stages, done = sum(map(len, self._members)), 0

        def one_more() -> None:
            nonlocal done
            done += 1
            progress("refine", done / stages)

        progress("refine", 0.0)
        for names in self._members:
            rule.hear(probability(names, self.model, self._networks, hu, spacing, one_more))
        verdict = rule.verdict()
        found = self._without_specks(verdict.mask, order.grid.voxel_volume_mm3) * np.uint8(self._label)
        mask, doubt = (
            Volume(np.ascontiguousarray(order.undo(array)), ct.affine) for array in (found, verdict.doubt)
        )
        timings = {"refine": time.perf_counter() - started}
        doubts = Uncertainty(doubt, left_out_ml=0.0, half_ratio=verdict.half_ratio)
        return Segmentation(mask, doubts, str(self._device), timings, self._warnings, self._engine)

    def _without_specks(self, mask: NDArray[np.bool_], voxel_mm3: float) -> NDArray[np.uint8]:
        smallest = int(np.ceil(self._numbers.smallest_ml * 1000 / voxel_mm3))
        found = mask.astype(np.uint8)
        return cc3d.dust(found, threshold=smallest, connectivity=26) if smallest > 1 else found
