"""What stands in the tables of the page on subtypes, by hand."""

import numpy as np
import pytest
from simple_samples import EDH, IPH, SAH, SDH, sample

pytest.importorskip("sklearn", reason="scikit-learn (extra 'train') fits the classifiers")

from Training.subtypes import evaluate as evaluation
from Training.subtypes.real import RealPart
from Training.subtypes.tables import against_readers, agreement, by_volume, confusion, shares

# of IPH, IVH, SAH, SDH, EDH
CHANCES = np.array(
    [
        [0.9, 0.1, 0, 0, 0],  # an IPH, told
        [0.4, 0.3, 0.3, 0, 0],  # an IPH, not told
        [0, 0, 0.1, 0.2, 0.7],  # an SDH, taken for an EDH
        [0, 0, 0, 0.05, 0.95],  # an EDH, told
    ]
)
LESIONS = [sample(subtype) for subtype in (IPH, IPH, SDH, EDH)]
PARTS = [
    RealPart("scans/07", ("subdural", "epidural"), "subdural", 0.8, 2.0),
    RealPart("scans/07", ("subdural", "epidural"), "intraventricular", 0.7, 3.0),
    RealPart("scans/07", ("subdural", "epidural"), "subdural", 0.5, 1.0),
    RealPart("scans/08", ("intraparenchymal",), "intraparenchymal", 0.9, 40.0),
]


def test_a_row_is_what_was_told_of_a_true_subtype():
    rows = confusion(LESIONS, CHANCES, 0.65).splitlines()
    assert rows[0] == "| true | lesions | IPH | IVH | SAH | SDH | EDH | not told |"
    assert rows[2] == "| IPH | 2 | 1 | 0 | 0 | 0 | 0 | 1 |"
    assert rows[4] == "| SAH | 0 | 0 | 0 | 0 | 0 | 0 | 0 |"
    assert rows[5:7] == ["| SDH | 1 | 0 | 0 | 0 | 0 | 1 | 0 |", "| EDH | 1 | 0 | 0 | 0 | 0 | 1 | 0 |"]


def test_three_of_four_are_told_and_two_of_these_are_right():
    assert shares(LESIONS, CHANCES, 0.65) == (0.75, 2 / 3)
    assert shares(LESIONS, CHANCES, 0.3) == (1.0, 0.75)


def test_millilitres_are_summed_by_what_was_told_surely_enough():
    rows = by_volume(PARTS, 0.65).splitlines()
    assert "| SDH | 1 | 2.0 |" in rows and "| IPH | 1 | 40.0 |" in rows
    assert rows[-1] == "| not told | 1 | 1.0 |"


def test_a_scan_lists_its_parts_by_size_beside_what_readers_saw():
    rows = against_readers(PARTS, 0.65).splitlines()
    assert (
        rows[2]
        == "| 07 | SDH, EDH | IVH (0.70, 3.0) (not seen by readers); SDH (0.80, 2.0); not told (0.50, 1.0) |"
    )
    assert rows[3] == "| 08 | IPH | IPH (0.90, 40.0) |"
    assert agreement(PARTS, 0.65).startswith(
        "3 of 4 parts are told; 2 of them have a subtype that readers saw"
    )


def test_the_tables_are_written_between_their_marks_and_the_rest_of_the_page_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "read_split", lambda folder, split: LESIONS)
    monkeypatch.setattr(evaluation, "held_out", lambda samples: CHANCES)
    monkeypatch.setattr(evaluation.Fitted, "chances", lambda self, samples: CHANCES)
    for name in ("silver_parts", "traced_parts", "outlined_parts"):
        monkeypatch.setattr(evaluation, name, lambda *_: iter(PARTS))
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{evaluation.BEGIN}\n\nstale\n\n{evaluation.END}\n\nafter\n", encoding="utf-8")
    evaluation.evaluate(tmp_path, tmp_path, tmp_path, page)
    once = page.read_text(encoding="utf-8")
    assert once.startswith("before\n\n") and once.endswith("\n\nafter\n") and "stale" not in once
    assert "Told: 75% of 4; right: 66.7% of the told." in once
    assert "### Traumatic hemorrhages as the default model outlines them, validation" in once
    evaluation.evaluate(tmp_path, tmp_path, tmp_path, page)
    assert page.read_text(encoding="utf-8") == once
    evaluation.evaluate(tmp_path, tmp_path, None, page)
    assert "as the default model outlines" not in page.read_text(encoding="utf-8")


def test_subarachnoid_blood_painted_where_only_ventricles_are_is_misplaced():
    assert sample(SAH, mean_depth=33.0).is_misplaced
    assert not sample(SAH, mean_depth=31.0).is_misplaced
    assert not sample(IPH, mean_depth=33.0).is_misplaced
