"""From scans to training samples: cropped to the brain, on a stage's grid, in 8 bits, one file each."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from ICHSegmentationLib.inference.network_grid import NetworkGrid
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.preparation.brain_density import with_brain_within
from ICHSegmentationLib.preparation.intracranial import bounding_box, intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation

from ..sample_files import sample_file
from .cases import Case, read_cases
from .hyperdense import hyperdense
from .recipe import Copies, Recipe, StageRecipe
from .sampling import IGNORE
from .scan import Scan
from .silver_masks import mend
from .synthesis import bleeding_copy
from .traced import trace

Stages = Sequence[StageRecipe]

_log = logging.getLogger(__name__)

# The margin around the brain (mm) that patches may show: skull and orbits teach what is no blood.
_MARGIN_MM = 15.0
_MOST_CENTRES = 4000
_FIRST_PHANTOM = 1000  # seeds below are left to demos and tests


def prepare(
    data: Path,
    folder: Path,
    recipe: Recipe,
    copies: Mapping[str, Copies],
    phantoms: int,
    processes: int | None = None,
) -> None:
    """Write the training samples of every stage to ``folder/<stage>``; painted ones already there are kept.

    Args:
        data: the data folder.
        folder: where the samples go.
        recipe: its stages, and the scans that it learns from.
        copies: the copies with painted hemorrhages made of each scan, by its group.
        phantoms: how many painted heads are added, every fourth without hemorrhage.
        processes: how many scans are prepared at a time; None takes one for each core.
    """
    cases = [
        case
        for case in read_cases(data)
        if case.split == "train" and case.name.split("/")[0] in recipe.sources
    ]
    for stage in recipe.stages:
        (folder / stage.name).mkdir(parents=True, exist_ok=True)
    # A forked process would inherit locks of PyTorch's threads and could wait for ever.
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        jobs = [pool.submit(_prepare_case, case, folder, recipe, copies) for case in cases]
        jobs += [pool.submit(_prepare_phantom, number, folder, recipe) for number in range(phantoms)]
        for done, job in enumerate(jobs, 1):
            job.result()
            _log.info("Prepared %d of %d", done, len(jobs))


def _prepare_case(case: Case, folder: Path, recipe: Recipe, copies: Mapping[str, Copies]) -> None:
    scan, stages = _leveled(real_scan(case), recipe), recipe.stages
    _store(scan, folder, stages)
    wanted = copies.get(scan.group, Copies(0, 0))
    for kind, count in (("copy", wanted.typical), ("small", wanted.small)):
        for number in range(count):
            name = f"{case.name}_{kind}{number}"
            if not all(_path(folder, stage, name).exists() for stage in stages):
                _store(bleeding_copy(scan, name, number, kind == "small"), folder, stages)


def _prepare_phantom(number: int, folder: Path, recipe: Recipe) -> None:
    name = f"phantom_{number}"
    if all(_path(folder, stage, name).exists() for stage in recipe.stages):
        return
    kind = None if number % 4 == 3 else SUBTYPES[number % len(SUBTYPES)].id
    phantom = make_phantom(_FIRST_PHANTOM + number, kind, shape=(30, 400, 360), spacing=(5.0, 0.5, 0.5))
    order = Reorientation.of(phantom.ct.grid)
    hu, spacing = order.apply(phantom.ct.voxels), order.grid.spacing
    target = (order.apply(phantom.mask.voxels) > 0).astype(np.uint8)
    scan = Scan(name, "phantom", hu, target, intracranial_region(hu, spacing).mask, spacing)
    _store(_leveled(scan, recipe), folder, recipe.stages)


def _leveled(scan: Scan, recipe: Recipe) -> Scan:
    """``scan`` with the brain density that the recipe's networks see in use."""
    limits = recipe.inference["lowest_brain_hu"], recipe.inference["highest_brain_hu"]
    return replace(scan, hu=with_brain_within(*limits, scan.hu, scan.brain))


def _path(folder: Path, stage: StageRecipe, name: str) -> Path:
    return sample_file(folder / stage.name, name)


def _store(scan: Scan, folder: Path, stages: Stages) -> None:
    for stage in stages:
        with atomic_path(_path(folder, stage, scan.name)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **_sample(scan, stage))


def real_scan(case: Case) -> Scan:
    """A scan of the data folder with the target that is learned from it."""
    ct = read_ct(case.image)
    order = Reorientation.of(ct.grid)
    hu, spacing = order.apply(ct.voxels), order.grid.spacing
    brain = intracranial_region(hu, spacing).mask
    target = np.zeros(hu.shape, np.uint8)
    group = "clean"
    if case.mask is not None:
        target[order.apply(read_mask(case.mask).voxels) > 0] = 1
        mend(target, hu, brain, spacing)
        group = "hematoma"
    elif case.hemorrhage:
        target = trace(case, hu, brain, spacing)
        group = "traced"
    return Scan(case.name, group, hu, target, brain, spacing)


def _sample(scan: Scan, stage: StageRecipe) -> dict[str, Any]:
    """The scan on the grid of ``stage``, ready to be stored."""
    box = bounding_box(scan.brain, _MARGIN_MM, scan.spacing)
    hu, target = scan.hu[box], scan.target[box]
    grid = NetworkGrid.of(hu.shape, scan.spacing, stage.spacing_mm)
    image = grid.image(hu, [stage.window])[0, 0]
    hemorrhage = grid.image((target == 1).astype(np.float32), [(0.5, 1.0)])[0, 0] >= 0
    unknown = grid.image((target == IGNORE).astype(np.float32), [(0.5, 1.0)])[0, 0] > -0.99
    labels = np.where(hemorrhage, 1, np.where(unknown, IGNORE, 0)).astype(np.uint8)
    sought = hemorrhage
    if scan.group == "clean":
        mimics = hyperdense(hu, scan.brain[box], scan.spacing).astype(np.float32)
        sought = grid.image(mimics, [(0.5, 1.0)])[0, 0] >= 0
    centres = np.argwhere(sought)
    if len(centres) > _MOST_CENTRES:
        centres = np.random.default_rng(0).permutation(centres)[:_MOST_CENTRES]
    return {
        "group": scan.group,
        "image": ((image + 1) * 120).round().astype(np.uint8),
        "target": labels,
        "foreground": centres.astype(np.int16),
    }
