"""The page of a batch: cases to sort and filter, with previews, and where it all comes from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..labels import LABELS
from ..report.numbers import RESEARCH_USE, ml, plain_rows
from .rows import STATUSES, Row

_FOLDER = Path(__file__).parent


def index_page(rows: Sequence[Row], given: Sequence[str], document: Mapping[str, Any]) -> str:
    """The page as HTML; pictures and reports are links into the folders of the cases.

    Args:
        given: the columns that the input brought along.
        document: the content of ``summary.json``.
    """
    labels = [label for label in LABELS if any(row[f"{label.id}_ml"] for row in rows)]
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"ml": ml, "link": quote}
    return environment.get_template("index.html").render(
        rows=rows,
        given=given,
        labels=labels,
        statuses=STATUSES,
        counts=document["counts"],
        research_use=RESEARCH_USE,
        provenance=[
            (title, plain_rows(document[key]))
            for key, title in (("model", "Model"), ("settings", "Settings"), ("versions", "Versions"))
            if document[key]
        ],
        other_files=document["other_files"],
        css=Markup((_FOLDER / "index.css").read_text(encoding="utf-8")),
        script=Markup((_FOLDER / "index.js").read_text(encoding="utf-8")),
    )
