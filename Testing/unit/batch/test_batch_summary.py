"""The table of a batch, as a spreadsheet and as a program reads it."""

import csv
import json
from pathlib import Path

from ICHSegmentationLib.batch.rows import COLUMNS, STATUSES
from ICHSegmentationLib.batch.summary import Provenance, write_summary

GIVEN = {"name": "=HYPERLINK(1)", "comment": "@all", "path": "+a/-b.nii.gz", "shift": "-5", "sign": "-"}


def test_what_a_header_says_is_no_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    row = {name: None for name in COLUMNS} | {"case": "=1+1", "status": STATUSES[0], "total_volume_ml": -0.5}
    row |= {"input": GIVEN, "warnings": ["-first", "second"]}
    write_summary(tmp_path, [row], Provenance(None, {}, {}, {}))
    with (tmp_path / "summary.csv").open(newline="", encoding="utf-8-sig") as stream:
        [read] = csv.DictReader(stream)
    assert {name: read[name] for name in GIVEN} == {
        "name": "'=HYPERLINK(1)",
        "comment": "'@all",
        "path": "'+a/-b.nii.gz",
        "shift": "-5",
        "sign": "'-",
    }
    assert read["case"] == "'=1+1"
    assert read["warnings"] == "'-first second"
    assert read["total_volume_ml"] == "-0.5"
    [case] = json.loads((tmp_path / "summary.json").read_text("utf-8"))["cases"]
    assert case["input"] == GIVEN
