"""From trained folds to a model folder for ``ichseg segment --model``: a single model, or an ensemble."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_folder
from ICHSegmentationLib.models import DataSource, Manifest, Stage
from ICHSegmentationLib.models import Training as Origin
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.models.manifest import SCHEMA_VERSION
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import save_weights

from .checkpoint import load_best
from .fold import RECORD, RESULT
from .retraining import training_command

Method = Literal["mean", "half_ratio"]
_NOT_STATED = "not stated"
_LONGEST_ID = 64


@dataclass(frozen=True)
class About:
    """What a person says of a model.

    Attributes:
        id: None makes it of the recipe's name.
        data: what it was trained on; empty where nobody said.
        licence: of the weights.
    """

    id: str | None = None
    version: str = "1.0.0"
    data: tuple[DataSource, ...] = ()
    licence: str = _NOT_STATED


@dataclass(frozen=True)
class TrainedFold:
    """A fold as its training left it.

    Attributes:
        record: ``fold.json``.
        dice: best mean Dice on the validation cases.
    """

    folder: Path
    record: Mapping[str, Any] = field(repr=False)
    dice: float

    @classmethod
    def open(cls, folder: Path) -> "TrainedFold":
        """Read what stands in a fold's folder.

        Raises:
            InputError: no training ended there.
        """
        try:
            record = json.loads((folder / RECORD).read_text("utf-8"))
            result = json.loads((folder / RESULT).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                f"Expected a trained fold with {RECORD} and {RESULT} in {folder}, found none ({error}).",
                "Train it to its end first: ichseg-train train.",
            ) from error
        return cls(folder, record, float(result["dice"]))

    @property
    def name(self) -> str:
        return f"{self.record['recipe']['name']}-fold{self.record['fold']}"


def export(
    folds: Sequence[Path],
    out: Path,
    about: About | None = None,
    method: Method | None = None,
    best: int | None = None,
    overwrite: bool = False,
) -> Manifest:
    """Write a model folder with the best weights of these folds.

    One fold becomes a single model, several become an ensemble; they may be of different recipes.

    Args:
        folds: folders of trained folds.
        out: the model folder; appears when it is complete.
        method: how an ensemble decides; None takes what the first fold's recipe says.
        best: only so many folds, those with the highest validation Dice, take part; None takes what the first
            fold's recipe says, which may be all.

    Raises:
        InputError: a fold is not trained to its end, or the folds do not go together.
        OutputExistsError: ``out`` holds something, and ``overwrite`` is False.
    """
    trained = _chosen([TrainedFold.open(folder) for folder in folds], best)
    ensemble = len(trained) > 1
    recipe = trained[0].record["recipe"]
    if any(each.record["recipe"]["labels"] != recipe["labels"] for each in trained):
        raise InputError("Expected folds that know the same labels, found different ones.")
    with atomic_folder(out, overwrite) as folder:
        stages: dict[str, Stage] = {}
        members = []
        for number, each in enumerate(trained):
            prefix = f"m{number:02d}-" if ensemble else ""
            found = _export_stages(each, folder, prefix)
            stages |= found
            members.append(tuple(found))
        manifest = _manifest(
            trained, about or About(), (method or recipe["ensemble"]["method"]) if ensemble else None
        )
        manifest = replace(manifest, stages=stages, members=tuple(members) if ensemble else ())
        text = manifest.to_json()
        manifest = Manifest.parse(text)  # nothing is written that would not be read
        (folder / MANIFEST_NAME).write_text(text, "utf-8")
    return manifest


def _chosen(trained: list[TrainedFold], best: int | None) -> list[TrainedFold]:
    if not trained or (best is not None and best < 1):
        raise InputError(f"Expected at least one trained fold, found {len(trained)} and the best {best}.")
    best = best or trained[0].record["recipe"]["ensemble"]["best"]
    if best is None:
        return trained
    ranked = sorted(trained, key=lambda fold: -fold.dice)[:best]
    return [fold for fold in trained if fold in ranked]


def _export_stages(trained: TrainedFold, folder: Path, prefix: str) -> dict[str, Stage]:
    stages = {}
    for name, plan in trained.record["stages"].items():
        weights = folder / f"{prefix}{name}.safetensors"
        save_weights(load_best(trained.folder / name, build(plan["network"])), weights)
        described = {**plan, "weights": weights.name, "sha256": sha256_of(weights)}
        stage = Stage.parse(described, f"stages.{name}")
        assert stage.input is not None
        if prefix and stage.input.earlier is not None:
            earlier = replace(stage.input.earlier, stage=prefix + stage.input.earlier.stage)
            stage = replace(stage, input=replace(stage.input, earlier=earlier))
        stages[prefix + name] = stage
    return stages


def _manifest(trained: Sequence[TrainedFold], about: About, method: Method | None) -> Manifest:
    """Everything but the stages and members."""
    recipe = trained[0].record["recipe"]
    names = list(dict.fromkeys(each.record["recipe"]["name"] for each in trained))
    papers = list(dict.fromkeys(each.record["recipe"]["paper"] for each in trained))
    folds = _names(trained)
    ensemble = f"Ensemble ({method}) of {', '.join(folds)}."
    return Manifest(
        schema_version=SCHEMA_VERSION,
        id=about.id or _id(names, trained, method),
        version=about.version,
        name=" + ".join(names),
        description=f"Trained by the recipe {names[0]}." if method is None else ensemble,
        recipe=method or "stages",
        stages={},
        labels=tuple(recipe["labels"]),
        inference=_numbers(recipe, len(trained), method),
        training=Origin(
            _data(trained, about),
            _split(trained),
            "; ".join(training_command(each.record) for each in trained),
        ),
        licence=about.licence,
        citation="; ".join(papers),
        metrics={
            "validation_dice": {name: round(each.dice, 4) for name, each in zip(folds, trained, strict=True)}
        },
    )


def _numbers(recipe: Mapping[str, Any], members: int, method: Method | None) -> dict[str, float]:
    numbers = dict(recipe["postprocess"])
    if method == "half_ratio":
        rule = recipe["ensemble"]
        numbers["half_ratio_threshold"] = rule["half_ratio_threshold"]
        # The paper's N2 = 7 is the majority of its 15 models; of another number it is their majority.
        many = rule["many_votes"] if members == 15 else members // 2
        numbers["many_votes"], numbers["few_votes"] = many, min(rule["few_votes"], many)
    return numbers


def _id(names: Sequence[str], trained: Sequence[TrainedFold], method: Method | None) -> str:
    last = f"fold{trained[0].record['fold']}" if method is None else f"{method}-of-{len(trained)}"
    first = "-".join(names)[: _LONGEST_ID - len(last) - 1]
    return re.sub(r"[^a-z0-9.-]+", "-", f"{first}-{last}".lower()).strip("-.")


def _data(trained: Sequence[TrainedFold], about: About) -> tuple[DataSource, ...]:
    prepared = dict.fromkeys(each.record["prepared"] for each in trained)
    return about.data or tuple(DataSource(name, _NOT_STATED, _NOT_STATED) for name in prepared)


def _split(trained: Sequence[TrainedFold]) -> str:
    return "; ".join(
        f"{name}: {each.record['cases']['training']} cases trained on, "
        f"{each.record['cases']['validation']} kept for validation"
        for name, each in zip(_names(trained), trained, strict=True)
    )


def _names(trained: Sequence[TrainedFold]) -> list[str]:
    """A name for each fold, also where a recipe was trained on the same fold several times."""
    names: list[str] = []
    for each in trained:
        times = sum(each.name == other.name for other in trained[: len(names)])
        names.append(f"{each.name} ({times + 1})" if times else each.name)
    return names
