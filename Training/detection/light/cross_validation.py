"""The light detector judged on scans of patients that it has not seen."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from ICHSegmentationLib.networks.weights import save_weights

from ...datasets.case import Case
from ...datasets.default_data import DefaultData
from ...datasets.splits import Splits, make_splits
from ..predictions import SlicePrediction, predictions_of, write_predictions
from .recipe import LightRecipe
from .scan import UNSEEN, LightScan
from .train import slice_logits, train

_log = logging.getLogger(__name__)
_JUDGED = "physionet_ct_ich/"  # the only folder with scans of both kinds


def judged_cases(data: Path) -> dict[str, Case]:
    """The scans with and without hemorrhage of one source, all of them, by name."""
    cases = [case for case in DefaultData().cases(data) if case.name.startswith(_JUDGED)]
    return {case.name: replace(case, split=None) for case in cases}


def folds_of(cases: Mapping[str, Case], recipe: LightRecipe) -> Splits:
    """The cases dealt to folds by patient, each with its share of scans with hemorrhage."""
    return make_splits(list(cases.values()), dict.fromkeys(cases), recipe.folds, recipe.seed)


def cross_validate(
    scans: Sequence[LightScan],
    cases: Mapping[str, Case],
    recipe: LightRecipe,
    out: Path,
    folds: Sequence[int],
) -> None:
    """Train each fold and write what it says of the scans held back to ``out/fold_K.csv``.

    What it says of scans whose subtypes are known goes to ``out/fold_K_subtypes.csv``: of painted copies of
    those held back, and of a share of the hematomas that no fold learns from.
    """
    splits = folds_of(cases, recipe)
    unseen = [scan for scan in scans if scan.group == UNSEEN]
    for fold in folds:
        held_back = set(splits.folds[fold])
        _log.info("fold %d: %d scans held back", fold, len(held_back))
        network = train([scan for scan in scans if scan.source not in held_back], recipe)
        save_weights(network, out / f"fold_{fold}.safetensors")
        rows = [
            row
            for scan in scans
            if scan.name in held_back
            for row in said_of(network, scan, cases[scan.name], recipe.neighbour_share)
        ]
        write_predictions(out / f"fold_{fold}.csv", rows)
        known = [scan for scan in scans if scan.source in held_back and scan.group == "painted"]
        known += unseen[fold :: len(splits.folds)]
        told = [row for scan in known for row in said_of_known(network, scan, recipe.neighbour_share)]
        write_predictions(out / f"fold_{fold}_subtypes.csv", told)


def said_of(network: nn.Module, scan: LightScan, case: Case, neighbour_share: float) -> list[SlicePrediction]:
    """What a network says of a scan, beside what readers said of it."""
    logits = slice_logits(network, scan.codes, neighbour_share)
    return predictions_of(scan.name, case.patient, scan.flags, case.scan_labels, logits)


def said_of_known(network: nn.Module, scan: LightScan, neighbour_share: float) -> list[SlicePrediction]:
    """What a network says of a scan, beside what its flags tell."""
    logits = slice_logits(network, scan.codes, neighbour_share)
    return predictions_of(scan.name, scan.source, scan.flags, None, logits)
