"""One fold of a recipe: its stages one after the other, each on what the earlier one answered."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.inference.staged import StagedNetwork
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.networks import build
from Training.datasets import Case
from Training.datasets.prepare import FINGERPRINT
from Training.datasets.prepared import load_split
from Training.recipes.recipe import Intensities, Recipe, StageRecipe

from .checkpoint import Progress, load_best, other_training
from .fabric import make_fabric
from .fitting_patch import require_fit
from .options import TrainOptions
from .plan import Spacing, manifest_stage
from .priors import Priors
from .scans import ScanStore
from .trainer import Material, train_stage

RECORD, RESULT = "fold.json", "result.json"


@dataclass(frozen=True)
class FoldResult:
    """What a fold came to: the last stage's best mean Dice on the validation cases, and its epoch."""

    fold: int
    dice: float
    epoch: int


def fold_folder(out: Path, fold: int) -> Path:
    return out / f"fold_{fold}"


def train(
    recipe: Recipe, prepared: Path, fold: int, out: Path, options: TrainOptions, fabric: Fabric | None = None
) -> FoldResult:
    """Train every stage of a recipe on one fold, or go on where an interrupted training was.

    Args:
        recipe: fitted to the data set here, where its normalisation asks for that.
        prepared: folder of a prepared data set.
        fold: counted from 0.
        out: ``fold_<n>`` in it will hold a folder for each stage.
        fabric: where to train; None makes it of ``options``.

    Raises:
        InputError: the data set is not prepared, has no such fold, a network does not take its patch, or
            ``out`` holds another training.
        InsufficientMemoryError: the hint says what to change.
    """
    fabric = fabric or make_fabric(options)
    training, validation = ([case for case in cases if case.has_mask] for cases in load_split(prepared, fold))
    fingerprint = json.loads((prepared / FINGERPRINT).read_text("utf-8"))
    recipe = recipe.fitted(_intensities(fingerprint)) if _needs_fitting(recipe) else recipe
    for stage in recipe.stages:
        require_fit(stage)
    a, b, c = fingerprint["spacing_mm"]["median"]
    work = _Work(recipe, training, validation, (a, b, c), out, fold_folder(out, fold), options, fabric)
    if fabric.is_global_zero:
        _write_record(work, prepared, fold)
    progress = Progress()
    for stage in recipe.stages:
        progress = work.train(stage)
    result = FoldResult(fold, progress.best_dice, progress.best_epoch)
    if fabric.is_global_zero:
        _write(work.folder / RESULT, asdict(result))
    return result


@dataclass(frozen=True)
class _Work:
    recipe: Recipe
    training: Sequence[Case]
    validation: Sequence[Case]
    spacing_mm: Spacing
    out: Path
    folder: Path
    options: TrainOptions
    fabric: Fabric

    def train(self, stage: StageRecipe) -> Progress:
        store = self._store(stage)
        digest = hashlib.sha256(repr(manifest_stage(stage, self.spacing_mm)).encode()).hexdigest()[:16]
        # What an earlier stage answered differs from fold to fold; the scans do not.
        cache = (self.folder if stage.input_from else self.out) / "cache" / digest
        material = Material(
            self.training,
            self.validation,
            self.spacing_mm,
            store,
            cache,
            self.recipe.postprocess.threshold,
        )
        return train_stage(stage, material, self.folder / stage.name, self.options, self.fabric)

    def _store(self, stage: StageRecipe) -> ScanStore:
        scans = self.out / "cache" / "scans"
        if stage.input_from is None:
            return ScanStore(scans)
        earlier = self.recipe.stage(stage.input_from)
        priors = Priors(self.folder / earlier.name / "answers")
        self._answer(earlier, priors)
        return ScanStore(scans, priors)

    def _answer(self, stage: StageRecipe, priors: Priors) -> None:
        """Let a trained stage look at every case; the processes share the work."""
        store = self._store(stage)
        missing = [case for case in (*self.training, *self.validation) if not priors.has(case)]
        own = missing[self.fabric.global_rank :: self.fabric.world_size]
        if own:
            network = load_best(self.folder / stage.name, build(stage.network))
            runner = StagedNetwork(manifest_stage(stage, self.spacing_mm), network, self.fabric.device)
            for case in own:
                scan = store.scan(case)
                priors.keep(case, runner.probability(scan.hu, scan.spacing, store.prior(case)))
        self.fabric.barrier()


def _needs_fitting(recipe: Recipe) -> bool:
    return any(stage.needs_intensities for stage in recipe.stages)


def _intensities(fingerprint: dict[str, Any]) -> Intensities:
    hu = fingerprint["hu"]["foreground"]
    try:
        return Intensities(hu["percentile_0.5"], hu["percentile_99.5"], hu["mean"], hu["std"])
    except KeyError as error:
        raise InputError(
            "Expected a data set with marked hemorrhages, whose HU this recipe's normalisation needs, "
            "found none.",
            "Prepare a data set with masks.",
        ) from error


def _write_record(work: _Work, prepared: Path, fold: int) -> None:
    """``fold.json``: the recipe as it was trained, fitted to the data, all that the export needs."""
    place = work.folder / RECORD
    plans = {}
    for stage in work.recipe.stages:
        plan = asdict(manifest_stage(stage, work.spacing_mm))
        plans[stage.name] = {key: value for key, value in plan.items() if value is not None}
    record = {
        "recipe": asdict(work.recipe),
        "stages": plans,
        "fold": fold,
        "prepared": prepared.resolve().name,
        "seed": work.options.seed,
        "cases": {"training": len(work.training), "validation": len(work.validation)},
    }
    record = json.loads(json.dumps(record, default=dict))
    if place.is_file() and json.loads(place.read_text("utf-8")) != record:
        raise other_training(work.folder)
    _write(place, record)


def _write(place: Path, content: dict[str, Any]) -> None:
    with atomic_path(place) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
