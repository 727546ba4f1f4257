"""A folder of masks, made by whatever tool, against reference masks."""

import logging
from collections.abc import Sequence
from pathlib import Path

from ICHSegmentationLib.errors import ICHError, InputError

from ..datasets.case import Case
from .case import CaseMetrics, evaluate_case
from .pictures import CasePictures, pictures_of, worst
from .references import Reference, prediction_file, read_prediction, references_in
from .report import write_report
from .settings import DEFAULT, EvaluationSettings
from .summary import Problem, Summary, summarise

_log = logging.getLogger(__name__)


def evaluate_folder(
    predictions: Path,
    references: Path | Sequence[Case],
    out: Path,
    images: Path | None = None,
    settings: EvaluationSettings = DEFAULT,
) -> Summary:
    """Compare every reference with its prediction; write ``report.html``, ``results.json`` and ``cases.csv``.

    A missing or bad prediction is reported and does not stop the others.

    Args:
        predictions: folder of masks, see :func:`.references.prediction_file`.
        references: see :func:`.references.references_in`.
        out: where the three files go; earlier ones are replaced.
        images: folder with the scans, for the pictures; prepared cases know theirs.

    Raises:
        InputError: there is no reference, or none of the references could be compared.
        OutputError: the folder cannot be written to.
    """
    if not predictions.is_dir():
        raise InputError(f"Expected a folder of masks at {predictions}, found none.", "Check the path.")
    wanted = {reference.name: reference for reference in references_in(references, images)}
    cases: list[CaseMetrics] = []
    problems: list[Problem] = []
    for name, reference in wanted.items():
        try:
            cases.append(_compared(reference, predictions, settings))
        except ICHError as error:
            problems.append(Problem(name, error.code, str(error)))
            _log.warning("%s: %s", name, error)
        else:
            _log.info("%s: Dice %.3f", name, cases[-1].pooled.dice)
    if not cases:
        first = f"{problems[0].case}: {problems[0].message}"
        raise InputError(
            f"Expected predictions for {len(wanted)} references, none could be compared. {first}"
        )
    summary = summarise(cases, settings)
    pictures = _pictures([wanted[name] for name in worst(cases)], predictions, summary)
    write_report(summary, out, problems, pictures)
    return summary


def _compared(reference: Reference, predictions: Path, settings: EvaluationSettings) -> CaseMetrics:
    mask = reference.mask()
    prediction = read_prediction(_file_of(reference, predictions), mask)
    return evaluate_case(prediction, mask, reference.name, reference.subtypes, settings)


def _file_of(reference: Reference, predictions: Path) -> Path:
    path = prediction_file(predictions, reference.name, reference.image)
    if path is None:
        names = " or ".join(filter(None, dict.fromkeys((reference.name, reference.image))))
        raise InputError(f"Expected a prediction named {names} in {predictions.name}, found none.")
    return path


def _pictures(shown: Sequence[Reference], predictions: Path, summary: Summary) -> list[CasePictures]:
    """Pictures of these cases; a scan that cannot be read is left out, its numbers stand."""
    metrics = {case.name: case for case in summary.cases}
    pictures = []
    for reference in shown:
        if reference.ct is None:
            continue
        try:
            mask, ct = reference.mask(), reference.ct()
            prediction = read_prediction(_file_of(reference, predictions), mask)
            pictures.append(pictures_of(metrics[reference.name], ct, prediction, mask))
        except ICHError as error:
            _log.warning("%s has no picture: %s", reference.name, error)
    return pictures
