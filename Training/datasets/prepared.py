"""A prepared data set on disk: which cases there are, where they lie, and who trains on what."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_path

from .case import Case
from .case_rows import case_of, row_of
from .checks import CaseReport
from .splits import Splits
from .tables import read_rows

CASES, DATASET, SPLITS = "cases.csv", "dataset.json", "splits.json"


def load_split(prepared: Path, fold: int) -> tuple[list[Case], list[Case]]:
    """The training and the validation cases of a fold, counted from 0.

    All of them: those without a mask too (``case.has_mask`` tells).

    Raises:
        InputError: the folder is not prepared, or has no such fold.
    """
    splits, cases = _load(prepared)
    if not 0 <= fold < len(splits.folds):
        raise InputError(f"Expected a fold from 0 to {len(splits.folds) - 1}, found {fold}.")
    training, validation = splits.training(fold), splits.folds[fold]
    return [cases[name] for name in sorted(training)], [cases[name] for name in validation]


def load_held_out(prepared: Path) -> list[Case]:
    """The data set's own validation and test cases, which are in no fold.

    Raises:
        InputError: the folder is not prepared.
    """
    splits, cases = _load(prepared)
    return [cases[name] for name in splits.held_out]


def fold_count(prepared: Path) -> int:
    """How many folds a prepared data set has.

    Raises:
        InputError: the folder is not prepared.
    """
    return len(_load(prepared)[0].folds)


def read_cases_csv(prepared: Path) -> list[Case]:
    """Every case that was found sound.

    Raises:
        InputError: the folder is not prepared.
    """
    root = Path(_json(prepared / DATASET)["folder"])
    rows = read_rows(prepared / CASES, ["case", "image", "mask", "patient"], exact=True)
    return [case_of(root, row) for row in rows]


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_cases(
    path: Path, root: Path, cases: Sequence[Case], reports: Mapping[str, CaseReport], splits: Splits
) -> None:
    """Write ``cases.csv``."""
    fold_of = {name: fold for fold, names in enumerate(splits.folds) for name in names}
    rows = [row_of(root, case, reports[case.name], fold_of.get(case.name, "")) for case in cases]
    write_rows(path, list(rows[0]), rows)


def write_splits(path: Path, splits: Splits, seed: int) -> None:
    """Write ``splits.json``; its folds have the same form as nnU-Net's ``splits_final.json``."""
    folds = [
        {"train": sorted(splits.training(fold)), "val": list(names)}
        for fold, names in enumerate(splits.folds)
    ]
    write_json(path, {"seed": seed, "folds": folds, "held_out": list(splits.held_out)})


def _load(prepared: Path) -> tuple[Splits, dict[str, Case]]:
    stored = _json(prepared / SPLITS)
    splits = Splits(tuple(tuple(fold["val"]) for fold in stored["folds"]), tuple(stored["held_out"]))
    return splits, {case.name: case for case in read_cases_csv(prepared)}


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"Expected a prepared data set in {path.parent}, found no {path.name} ({error}).",
            "Prepare the data set first.",
        ) from error
    return found
