"""Training patches: the n-th of a training is always the same, whoever makes it and whenever.

That is what lets a killed training go on identically, with any number of worker processes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, Randomizable
from monai.utils import convert_to_tensor
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from Training.datasets import Case

from .options import TrainOptions
from .scans import ScanStore, case_digest, keep_tensors, load_tensors

Batch = Mapping[str, Tensor]

_FORM = 2
"""Of what is kept of a case; files of another form are left where they are."""


class Patches(Dataset[Batch]):
    """Patch number n, for any n: a case out of a shuffled order, cut and augmented by its own random numbers.

    What the transforms do before the first random one is done once a case and kept on the disk.

    Args:
        cases: with masks.
        store: reads them.
        transform: see :func:`Training.transforms.train_transforms`.
        folder: for what is kept; it may be deleted at any time.
        seed: of the order and of every patch.
    """

    def __init__(
        self, cases: Sequence[Case], store: ScanStore, transform: Compose, folder: Path, seed: int
    ) -> None:
        self._cases, self._store, self._transform = tuple(cases), store, transform
        self._folder, self._seed = folder, seed
        self._random_from = transform.get_index_of_first(lambda step: isinstance(step, Randomizable))

    def case_of(self, number: int) -> Case:
        """Each case comes once before any comes again."""
        turn, place = divmod(number, len(self._cases))
        order = np.random.default_rng([self._seed, turn]).permutation(len(self._cases))
        return self._cases[order[place]]

    def __getitem__(self, number: int) -> Batch:
        item = self._start(self.case_of(number))
        self._transform.set_random_state(seed=_seed(self._seed, number))
        done = self._transform(item, start=self._random_from) if self._random_from is not None else item
        # A copy of the patch alone; a view would send the whole scan to the training process.
        return {key: _plain(done[key]).clone() for key in ("image", "label")}

    def _start(self, case: Case) -> dict[str, Any]:
        """The item as it is before the first random transform."""
        kept = self._folder / f"{case_digest(case)}-{_FORM}.pt"
        stored = load_tensors(kept)
        if stored is None:
            done = self._transform(self._store.item(case), end=self._random_from)
            stored = {key: _plain(value) for key, value in done.items()}
            keep_tensors(kept, stored)
        return dict(stored)


@dataclass(frozen=True)
class Place:
    """Which of the training processes this is."""

    rank: int = 0
    world: int = 1
    gpu: bool = False


def batches(
    patches: Patches, first: int, last: int, batch: int, options: TrainOptions, place: Place
) -> Iterator[Batch]:
    """This process's part of the batches of the steps from ``first`` up to ``last``.

    Args:
        batch: patches of one step over all processes together.
    """
    loader = DataLoader(
        patches,
        batch_sampler=_Numbers(first, last, batch, place),
        num_workers=options.workers,
        # A forked process would inherit locks of PyTorch's threads and could wait for ever.
        multiprocessing_context="spawn" if options.workers else None,
        worker_init_fn=_one_thread if options.workers else None,
        prefetch_factor=4 if options.workers else None,
        pin_memory=place.gpu,
    )
    return iter(loader)


class _Numbers:
    """The patch numbers of each step, those of this process: without gaps over all steps and processes."""

    def __init__(self, first: int, last: int, batch: int, place: Place) -> None:
        self._steps, self._batch, self._place = range(first, last), batch, place

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[list[int]]:
        own = self._batch // self._place.world
        for step in self._steps:
            start = step * self._batch + self._place.rank * own
            yield list(range(start, start + own))


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _plain(value: Any) -> Any:
    """Without MONAI's metadata, which could not be read back as plain data."""
    return (
        torch.as_tensor(convert_to_tensor(value, track_meta=False))
        if isinstance(value, Tensor | np.ndarray)
        else value
    )
