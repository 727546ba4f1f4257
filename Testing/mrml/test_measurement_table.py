"""The table, the text and the CSV against volumes counted by hand."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from volumes import load_bundle, make_scan, plain_affine, save_bundle

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

SHAPE = (12, 90, 80)
AFFINE = plain_affine(SHAPE)  # 0.5 x 0.5 x 5 mm: 800 voxels are 1 mL


def boxes() -> np.ndarray:
    """IPH 40 x 40 x 8 voxels (16 mL), IPH 10 x 8 x 1 (0.1 mL), IVH 20 x 20 x 4 (2 mL)."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:9, 5:45, 5:45] = 2
    mask[11, 0:8, 0:10] = 2
    mask[3:7, 60:80, 50:70] = 3
    return mask


def measured(mask: np.ndarray, affine: np.ndarray = AFFINE, **more: Any) -> dict[str, Any]:
    return {**measure(Volume(mask, affine)).to_dict(), **more}


def texts(table: Any) -> list[list[str]]:
    return [
        [table.GetCellText(row, column) for column in range(table.GetNumberOfColumns())]
        for row in range(table.GetNumberOfRows())
    ]


# On a square both A and B are diagonals.
TADA_LARGE = math.pi / 6 * (20 * math.sqrt(2)) * (20 * math.sqrt(2)) * 40 / 1000


def test_the_table_has_the_volumes_that_one_counts_by_hand(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import fill_table

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    table = texts(fill_table(scene, measured(boxes()), scan))
    assert [row[0] for row in table] == [
        "Total",
        "Intraparenchymal hemorrhage",
        "Intraventricular hemorrhage",
        "Lesion 1 (IPH)",
        "Lesion 2 (IVH)",
        "Lesion 3 (IPH)",
    ]
    assert [row[2] for row in table] == ["18.1", "16.1", "2.00", "16.0", "2.00", "0.10"]
    assert [row[1] for row in table] == ["", "", "", "2–9", "4–7", "12"]
    large = table[3]
    assert float(large[3]) == pytest.approx(TADA_LARGE, abs=0.05)
    assert float(large[4]) == pytest.approx(TADA_LARGE - 16, abs=0.1)
    assert large[5] == f"+{100 * (TADA_LARGE - 16) / 16:.0f} %"


def test_a_lesion_without_tada_says_why(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import fill_table

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    ventricles = texts(fill_table(scene, measured(boxes()), scan))[4]
    assert ventricles[3:6] == ["", "", ""]
    assert "shape of the ventricles" in ventricles[6]


def test_a_tada_sum_that_leaves_lesions_out_is_not_set_against_all_of_them() -> None:
    from ICHSegmentationSlicerLib.measurement_rows import rows_of

    total = rows_of(measured(boxes()))[0]
    assert total.tada_ml is not None
    assert total.difference_ml is None
    assert "Leaves out 1 of 3 lesions" in total.reason


def test_thirty_millilitres_and_blood_in_the_ventricles_are_marked() -> None:
    from ICHSegmentationSlicerLib.measurement_rows import notable, rows_of

    twice = AFFINE @ np.diag([1.0, 1.0, 2.0, 1.0])
    rows = {row.name: row for row in rows_of(measured(boxes(), twice))}
    assert rows["Total"].marks == ("30 mL or more", "IVH present")
    assert rows["Intraparenchymal hemorrhage"].marks == ("30 mL or more",)
    assert rows["Lesion 1 (IPH)"].marks == ("30 mL or more",)
    assert rows["Intraventricular hemorrhage"].marks == ("IVH present",)
    assert rows["Lesion 3 (IPH)"].marks == ()
    assert notable(measured(boxes(), twice)) == [
        "The total volume is 36.2 mL: 30 mL or more.",
        "Intraventricular hemorrhage is present (4.00 mL).",
    ]


def test_exactly_thirty_millilitres_count_and_a_little_less_does_not() -> None:
    from ICHSegmentationSlicerLib.measurement_rows import notable

    mask = np.zeros(SHAPE, np.uint8)
    mask[:10, :60, :40] = 2
    assert notable(measured(mask)) == ["The total volume is 30.0 mL: 30 mL or more."]
    mask[0, 0, 0] = 0
    assert notable(measured(mask)) == []


def test_no_hemorrhage_is_a_result(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import as_csv, as_text, fill_table, notable

    nothing = measured(np.zeros(SHAPE, np.uint8))
    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    assert notable(nothing) == ["No hemorrhage segmented."]
    assert texts(fill_table(scene, nothing, scan)) == [["No hemorrhage segmented", "", "0", "", "", "", ""]]
    assert "No hemorrhage segmented." in as_text(nothing)
    assert as_csv(nothing).splitlines()[1].startswith("total,No hemorrhage segmented,,,0.0000,")


def test_a_row_leads_to_the_slice_where_its_lesion_is_largest() -> None:
    from ICHSegmentationSlicerLib.measurement_rows import rows_of

    mask = np.zeros(SHAPE, np.uint8)
    mask[2:9, 20:40, 20:40] = 2
    mask[5, 10:50, 20:40] = 2
    rows = rows_of(measured(mask))
    place = rows[-1].place
    assert place is not None
    np.testing.assert_allclose(np.linalg.solve(AFFINE, [*place, 1])[:3], [29.5, 29.5, 5], atol=1e-6)
    assert rows[0].place == rows[1].place == place
    ventricles = rows_of(measured(boxes()))[4].place
    assert ventricles is not None
    np.testing.assert_allclose(np.linalg.solve(AFFINE, [*ventricles, 1])[:3], [59.5, 69.5, 4.5], atol=1e-6)


def test_edited_labels_are_marked_in_their_rows_and_in_the_total() -> None:
    from ICHSegmentationSlicerLib.measurement_rows import rows_of

    rows = rows_of(measured(boxes(), edited=["intraventricular"]))
    assert [row.name for row in rows if "edited" in row.marks] == [
        "Total",
        "Intraventricular hemorrhage",
        "Lesion 2 (IVH)",
    ]


def test_the_text_to_paste_holds_every_row(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import as_text

    lines = as_text(measured(boxes())).splitlines()
    assert lines[0] == "Intraventricular hemorrhage is present (2.00 mL)."
    assert lines[1].split("\t")[:3] == ["Finding", "Slices", "Volume (mL)"]
    assert [line.split("\t")[2] for line in lines[2:8]] == ["18.1", "16.1", "2.00", "16.0", "2.00", "0.10"]
    assert lines[-1] == "Research use only; not a medical device."


def test_the_csv_has_full_numbers_that_add_up(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import as_csv

    rows = list(csv.DictReader(io.StringIO(as_csv(measured(boxes())))))
    lesions = [row for row in rows if row["row"] == "lesion"]
    assert [float(row["volume_ml"]) for row in lesions] == [16.0, 2.0, 0.1]
    assert float(rows[0]["volume_ml"]) == pytest.approx(18.1)
    assert float(lesions[0]["tada_ml"]) == pytest.approx(TADA_LARGE, abs=1e-3)
    assert float(lesions[0]["difference_ml"]) == pytest.approx(TADA_LARGE - 16, abs=1e-3)
    assert (lesions[0]["first_slice"], lesions[0]["last_slice"]) == ("2", "9")
    assert lesions[1]["tada_ml"] == ""
    assert "ventricles" in lesions[1]["reason"]


def test_filling_a_table_again_replaces_its_rows(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import fill_table

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    table = fill_table(scene, measured(boxes()), scan)
    only_one = np.where(boxes() == 3, boxes(), 0)
    assert fill_table(scene, measured(only_one), scan, table) is table
    assert [row[0] for row in texts(table)] == ["Total", "Intraventricular hemorrhage", "Lesion 1 (IVH)"]
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 1


def test_a_table_is_found_again_in_a_saved_scene(scene: Any, tmp_path: Path) -> None:
    import slicer
    from ICHSegmentationSlicerLib.measurement_table import fill_table, table_of

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16), name="Head CT")
    make_scan(scene, name="Other")
    before = texts(fill_table(scene, measured(boxes()), scan))
    load_bundle(scene, save_bundle(scene, tmp_path / "scene.mrb"))
    table = table_of(scene, slicer.util.getNode("Head CT"))
    assert table.GetName() == "Head CT hemorrhage measurements"
    assert texts(table) == before
    assert table.GetUseColumnTitleAsColumnHeader()
    assert [table.GetColumnTitle(name) for name in ("finding", "volume_ml", "note")] == [
        "Finding",
        "Volume (mL)",
        "Note",
    ]
    assert table_of(scene, slicer.util.getNode("Other")) is None


def test_a_table_stands_beside_its_scan_in_the_subject_hierarchy(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_table import fill_table

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(scan), study)
    table = fill_table(scene, measured(boxes()), scan)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(table)) == study
