"""A model on disturbed validation scans: how far Dice falls, and what is marked in clean scans."""

import hashlib
import json
import logging
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import ICHSegmentationLib
from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.models.manifest import Manifest
from ICHSegmentationLib.preparation.orientation import Reorientation

from ..evaluation.intervals import mean_of
from . import disturbances
from .cases import Case, read_cases
from .disturbances import DISTURBANCES, Scan, dice_without_halves
from .markdown import interval, number, table

_log = logging.getLogger(__name__)

_FIRST = next(iter(DISTURBANCES))
_MARKED_ML = 0.1


@dataclass(frozen=True)
class Trial:
    """One scan under one disturbance.

    Attributes:
        dice: None for a scan without hemorrhage.
        error: why the scan could not be segmented; such a trial has Dice 0.
    """

    case: str
    disturbance: str
    dice: float | None
    volume_ml: float
    error: str = ""


def robustness(
    data: Path,
    model: Path,
    out: Path,
    page: Path,
    command: str,
    every: int = 1,
    threads: int | None = None,
) -> None:
    """Segment validation scans under every disturbance; write ``out/robustness.json`` and the page.

    Trials that the file holds for the same model and the same code are not done again, so an interrupted run
    goes on where it was.

    Args:
        command: what the page names as its origin.
        every: take only every n-th scan with a reference mask, and every n-th without hemorrhage.
    """
    folder = ModelFolder.open(model)
    cases = _chosen(read_cases(data), every)
    results = out / "robustness.json"
    origin = _origin(folder.manifest)
    trials = _earlier(results, origin)
    segmenter = Segmenter(folder, threads=threads)
    for case in cases:
        missing = [name for name in DISTURBANCES if (case.name, name) not in trials]
        if not missing:
            continue
        scan = _read(case)
        for name in missing:
            trials[case.name, name] = trial = _try(case, scan, name, segmenter)
            _log.info("%s", trial)
            _write(results, origin, list(trials.values()))
    done = [trials[case.name, name] for case in cases for name in DISTURBANCES]
    with atomic_path(page) as temporary:
        temporary.write_text(robustness_page(done, folder.manifest, command, every), encoding="utf-8")


def robustness_page(trials: Sequence[Trial], manifest: Manifest, command: str, every: int) -> str:
    """The page for these trials."""
    first = {trial.case: trial.dice for trial in trials if trial.disturbance == _FIRST}
    outlined = sum(dice is not None for dice in first.values())
    rows = [_row(name, [t for t in trials if t.disturbance == name], first) for name in DISTURBANCES]
    share, option = ("", "") if every == 1 else (f" (every {every}. of them)", f" --every {every}")
    head = [
        "scan",
        "mean Dice",
        "change",
        "95 % interval",
        "worst change",
        "clean scans marked",
        "largest mL",
    ]
    return f"""# Robustness of {manifest.name}

Model `{manifest.id}` {manifest.version}.
Written by `{command}{option}`.

Research use only; not a medical device.

The validation scans{share}, disturbed as other scanners, archives and patients would: {outlined} with a
silver mask, {len(first) - outlined} without hemorrhage. Dice is against the reference disturbed the same way;
voxels of which exactly half belongs to it count neither way. "Change" is the mean difference in Dice to the
same scan as stored, with its interval by bootstrap over scans. A clean scan counts as marked from 0.1 mL on.
What each disturbance does exactly stands in `Training/default_model/disturbances.py`.

A scan noisier than those of the training is smoothed before the networks see it, and the result says so
(`ICHSegmentationLib/preparation/noise.py`); thin slices are averaged in HU, so that bone does not blend to
the density of blood (`ICHSegmentationLib/inference/network_grid.py`).

{table(head, rows)}{_failures(trials)}"""


def _failures(trials: Sequence[Trial]) -> str:
    failed = [f"- {trial.case}, {trial.disturbance}: {trial.error}" for trial in trials if trial.error]
    return "\n".join(["\nNot segmented, counted with Dice 0:\n", *failed, ""]) if failed else ""


def _row(name: str, trials: Sequence[Trial], first: dict[str, float | None]) -> list[str]:
    changes, dice = [], []
    for trial in trials:
        before = first[trial.case]
        if trial.dice is not None and before is not None:
            dice.append(trial.dice)
            changes.append(trial.dice - before)
    clean = [trial.volume_ml for trial in trials if trial.dice is None]
    marked = f"{sum(ml >= _MARKED_ML for ml in clean)} of {len(clean)}"
    worst = [marked, number(max(clean, default=None))]
    if not dice:
        return [name, *["–"] * 4, *worst]
    mean = number(float(np.mean(dice)), 3)
    if name == _FIRST:
        return [name, mean, "", "", "", *worst]
    change = mean_of(changes)
    numbers = [number(change.value, 3, True), interval(change, 3, True), number(min(changes), 3, True)]
    return [name, mean, *numbers, *worst]


def _chosen(cases: Sequence[Case], every: int) -> list[Case]:
    held_out = [case for case in cases if case.split == "validation"]
    outlined = [case for case in held_out if case.mask is not None]
    clean = [case for case in held_out if not case.hemorrhage]
    return [*outlined[::every], *clean[::every]]


def _read(case: Case) -> Scan:
    ct = read_ct(case.image)
    order = Reorientation.of(ct.grid)
    hu = order.apply(ct.voxels).astype(np.float32)
    share = np.zeros_like(hu)
    if case.mask is not None:
        share[order.apply(read_mask(case.mask, ct).voxels) > 0] = 1
    return Scan(hu, share, order.grid)


def _try(case: Case, scan: Scan, name: str, segmenter: Segmenter) -> Trial:
    rng = np.random.default_rng(zlib.crc32(f"{case.name} {name}".encode()))
    disturbed = DISTURBANCES[name](scan, rng)
    try:
        mask = segmenter(disturbed.ct).mask
    except ICHError as error:
        return Trial(case.name, name, None if case.mask is None else 0.0, 0.0, str(error))
    volume = np.count_nonzero(mask.voxels) * disturbed.grid.voxel_volume_mm3 / 1000
    dice = None if case.mask is None else dice_without_halves(mask.voxels, disturbed.share)
    return Trial(case.name, name, dice, float(volume))


def _origin(manifest: Manifest) -> dict[str, str]:
    """What the trials follow from: the model, and all code between a scan and its mask."""
    digest = hashlib.sha256()
    for file in [
        Path(disturbances.__file__),
        *sorted(Path(ICHSegmentationLib.__file__).parent.rglob("*.py")),
    ]:
        digest.update(file.name.encode() + file.read_bytes())
    return {"model": manifest.sha256, "code": digest.hexdigest()}


def _earlier(results: Path, origin: dict[str, str]) -> dict[tuple[str, str], Trial]:
    """The trials of an earlier run of the same origin."""
    if not results.is_file():
        return {}
    content = json.loads(results.read_text(encoding="utf-8"))
    if {name: content.get(name) for name in origin} != origin:
        return {}
    trials = [Trial(**trial) for trial in content["trials"]]
    return {(trial.case, trial.disturbance): trial for trial in trials}


def _write(results: Path, origin: dict[str, str], trials: Sequence[Trial]) -> None:
    content = {**origin, "trials": [asdict(trial) for trial in trials]}
    with atomic_path(results) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
