"""The page of an evaluation: its numbers put into words and the template filled."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import ICHSegmentationLib.report as library_report
from ICHSegmentationLib.labels import label_named
from ICHSegmentationLib.report.numbers import RESEARCH_USE, ml, ml_more
from ICHSegmentationLib.report.stack import LEVEL, WIDTH

from .charts import Chart, bland_altman, scatter
from .intervals import Distribution, Estimate
from .pictures import PREDICTION_COLOUR, REFERENCE_COLOUR, CasePictures
from .settings import LARGE_ML, SMALL_ML
from .summary import Problem, Summary

_FOLDER = Path(__file__).parent
_LIBRARY_STYLE = Path(library_report.__file__).with_name("page.css")
_NONE = "–"


def page(summary: Summary, problems: Sequence[Problem], pictures: Sequence[CasePictures]) -> str:
    """The whole page as HTML that needs nothing beside it."""
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {
        "ml": ml,
        "number": _number,
        "difference": ml_more,
        "estimate": _estimate,
        "mean": _mean,
        "share": _share,
        "label": lambda subtype: label_named(subtype).name,
        "abbreviation": lambda subtype: label_named(subtype).abbreviation,
        "rgb": lambda colour: "#" + "".join(f"{part:02x}" for part in colour),
    }
    styles = (_LIBRARY_STYLE, _FOLDER / "report.css")
    return environment.get_template("report.html").render(
        summary=summary,
        overall=summary.overall,
        settings=summary.settings,
        problems=problems,
        pictures=pictures,
        charts=_charts(summary),
        cases=sorted(summary.cases, key=lambda case: case.name),
        css=Markup("\n".join(style.read_text(encoding="utf-8") for style in styles)),
        research_use=RESEARCH_USE,
        window=(LEVEL, WIDTH),
        borders=(SMALL_ML, LARGE_ML),
        colours={"reference": REFERENCE_COLOUR, "prediction": PREDICTION_COLOUR},
    )


def _charts(summary: Summary) -> list[Chart]:
    """The plots of the scans with hemorrhage; none where two volumes are not there to be compared."""
    if summary.overall is None or summary.overall.volume_limits is None:
        return []
    bleeding = [case for case in summary.cases if case.pooled.reference_ml > 0]
    formula = summary.overall.formula
    tada = formula.tada_limits if formula else None
    return [scatter(bleeding), *bland_altman(bleeding, summary.overall.volume_limits, tada)]


def _number(value: float | None, digits: int = 3) -> str:
    return _NONE if value is None else f"{value:.{digits}f}"


def _estimate(estimate: Estimate | None, digits: int = 2, sign: bool = False) -> Markup:
    """The number and, smaller, its interval."""
    if estimate is None:
        return Markup(_NONE)
    kind = "+" if sign else ""
    value, *ends = (
        f"{number:{kind}.{digits}f}".replace("-", "−")
        for number in (estimate.value, *(estimate.interval or ()))
    )
    if not ends:
        return Markup("{}").format(value)
    return Markup('{} <span class="ci">{} to {}</span>').format(value, *ends)


def _mean(distribution: Distribution | None, digits: int = 3) -> Markup:
    return _estimate(None if distribution is None else distribution.mean, digits)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else f"{part} of {whole}"
