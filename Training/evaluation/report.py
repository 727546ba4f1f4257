"""The three files of an evaluation."""

from collections.abc import Sequence
from pathlib import Path

from ICHSegmentationLib.io.atomic import atomic_path

from .page import page
from .pictures import CasePictures
from .summary import Problem, Summary
from .tables import write_csv, write_json


def write_report(
    summary: Summary,
    out: Path,
    problems: Sequence[Problem] = (),
    pictures: Sequence[CasePictures] = (),
) -> dict[str, Path]:
    """Write ``report.html``, one page that needs nothing beside it, ``results.json`` and ``cases.csv``.

    Returns:
        The paths, under ``report``, ``results`` and ``cases``.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full.
    """
    paths = {
        "report": out / "report.html",
        "results": out / "results.json",
        "cases": out / "cases.csv",
    }
    write_json(summary, problems, paths["results"])
    write_csv(summary.cases, paths["cases"])
    with atomic_path(paths["report"]) as temporary:
        temporary.write_text(page(summary, problems, pictures), encoding="utf-8")
    return paths
