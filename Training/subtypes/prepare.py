"""The samples that the classifiers are fitted on, one file a head; heads already there are kept."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.labels import INTRAPARENCHYMAL
from ICHSegmentationLib.subtypes.working_grid import WorkingHead
from ICHSegmentationLib.volume import Volume

from ..default_model.cases import Case, read_cases
from ..sample_files import sample_file, sample_files
from .heads import painted_head, real_head
from .samples import Sample, painted_lesions, read_samples, samples_of, stored

FIRST_PHANTOM = 2000  # other seeds make the phantoms of demos, tests and the default model
PHANTOMS = {"train": 14, "validation": 4}
_SEED = 0

_log = logging.getLogger(__name__)


def prepare(data: Path, folder: Path, split: str, part: int = 0, parts: int = 1) -> None:
    """Write the samples of every head of a split, real and painted, to ``folder/split``.

    Args:
        split: ``train``, or ``validation``, whose samples nothing is fitted on.
        part, parts: do every ``parts``-th head, from number ``part`` on: several processes may share the
            work.
    """
    (folder / split).mkdir(parents=True, exist_ok=True)
    for job in _jobs(data, split)[part::parts]:
        path = sample_file(folder / split, _name(job))
        if path.exists():
            continue
        samples = list(_samples(job))
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **stored(samples))  # type: ignore[arg-type]
        _log.info("%s: %d lesions", _name(job), len(samples))


def read_split(folder: Path, split: str) -> list[Sample]:
    """All samples that :func:`prepare` wrote, head by head, but those painted in a wrong place."""
    heads = sample_files(folder / split).items()
    return [sample for name, path in heads for sample in read_samples(path, name) if not sample.is_misplaced]


def _jobs(data: Path, split: str) -> list[Case | int]:
    """Scans of the split, and seeds of painted heads that no other split takes."""
    first = FIRST_PHANTOM + (0 if split == "train" else PHANTOMS["train"])
    heads = [case for case in read_cases(data) if case.split == split and _is_used(case, split)]
    return [*heads, *range(first, first + PHANTOMS[split])]


def _is_used(case: Case, split: str) -> bool:
    """Scans without hemorrhage are painted on; deep hematomas of training scans are taken as they are
    outlined."""
    return not case.hemorrhage or (case.mask is not None and split == "train")


def _name(job: Case | int) -> str:
    return job.name if isinstance(job, Case) else f"phantom_{job}"


def _samples(job: Case | int) -> Iterator[Sample]:
    if isinstance(job, int):
        yield from painted_lesions(painted_head(job), _SEED)
    elif job.mask is None:
        yield from painted_lesions(real_head(job), _SEED)
    else:
        ct = read_ct(job.image)
        outlined = (read_mask(job.mask, ct).voxels > 0).astype(np.uint8)
        mask = Volume(outlined * np.uint8(INTRAPARENCHYMAL.value), ct.affine)
        yield from samples_of(job.name, WorkingHead.of(ct), mask)
