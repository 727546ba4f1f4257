"""Data sets of slices: pictures, and DICOM with labels instead of masks."""

import numpy as np
import pytest
from dataset_layouts import (
    CQ500_COLUMNS,
    cq500,
    cq500_row,
    ct_ich_pictures,
    head,
    rsna2019,
    rsna_rows,
    save_slice,
    write_csv,
)
from PIL import Image

from ICHSegmentationLib.errors import GeometryError, InputError, NotAnImageError
from ICHSegmentationLib.preparation.orientation import Reorientation
from Training.datasets import find_adapter, read_case


def only_case(folder):
    (case,) = find_adapter(folder).cases(folder)
    return case


def test_pictures_are_ordered_by_number_and_their_grey_becomes_hu_of_the_window_40_120(tmp_path):
    ct, _ = read_case(only_case(ct_ich_pictures(tmp_path)))
    assert ct.voxels.shape == (11, 48, 64)
    # -20 HU is black, 100 HU is white: grey 10 n is -20 + 10 n * 120 / 255.
    expected = np.rint(-20 + np.arange(1, 12) * 10 * 120 / 255)
    assert np.abs(ct.voxels[:, 24, 32] - expected).max() <= 1


def test_black_and_white_of_a_picture_are_the_ends_of_the_window(tmp_path):
    ct_ich_pictures(tmp_path)
    for number, grey in ((1, 0), (2, 255)):
        Image.fromarray(np.full((48, 64), grey, np.uint8)).save(
            tmp_path / f"Patients_CT/049/brain/{number}.jpg"
        )
    ct, _ = read_case(only_case(tmp_path))
    assert (ct.voxels[0] == -20).all()
    assert (ct.voxels[1] == 100).all()


def test_what_is_black_or_white_in_the_brain_window_is_read_from_the_bone_window(tmp_path):
    patient = ct_ich_pictures(tmp_path) / "Patients_CT/049"
    (patient / "bone").mkdir()
    for number, brain, bone in ((1, 255, 128), (2, 0, 0), (3, 255, 60), (4, 128, 200)):
        for window, grey in (("brain", brain), ("bone", bone)):
            Image.fromarray(np.full((48, 64), grey, np.uint8)).save(patient / window / f"{number}.jpg")
    ct, _ = read_case(only_case(tmp_path))
    # The bone window 700/3200 is black at -900 HU and white at 2300 HU; 60 in it is -147 HU, below white.
    expected = [-900 + 128 * 3200 / 255, -900, 100, -20 + 128 * 120 / 255]
    assert np.abs(ct.voxels[:4, 24, 32] - expected).max() <= 1


def test_pictures_lie_in_canonical_order_with_a_spacing_that_the_case_calls_nominal(tmp_path):
    case = only_case(ct_ich_pictures(tmp_path))
    ct, _ = read_case(case)
    assert Reorientation.of(ct.grid).flipped == (False, False, False)
    assert ct.grid.spacing == pytest.approx((5.0, 215.5 / 64, 215.5 / 64))
    assert any("nominal" in note for note in case.notes)
    assert any("clipped" in note for note in case.notes)


def test_a_mask_picture_marks_its_slice_and_no_other(tmp_path):
    _, mask = read_case(only_case(ct_ich_pictures(tmp_path)))
    marked = np.zeros((11, 48, 64), bool)
    marked[9, :21, :29] = True
    assert np.array_equal(mask.voxels == 1, marked)  # JPEG's ringing at the edges is not marked


def test_the_table_of_the_pictures_labels_slices_by_number(tmp_path):
    case = only_case(ct_ich_pictures(tmp_path))
    assert [label.subdural for label in case.slice_labels] == [False] * 9 + [True, False]


def test_pictures_with_a_slice_missing_or_of_another_size_or_damaged_are_no_scan(tmp_path):
    brain = ct_ich_pictures(tmp_path) / "Patients_CT/049/brain"
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(brain / "4.jpg")
    with pytest.raises(GeometryError, match=r"4\.jpg"):
        read_case(only_case(tmp_path))
    (brain / "4.jpg").write_bytes(b"\xff\xd8\xff damaged")
    with pytest.raises(NotAnImageError, match=r"4\.jpg"):
        read_case(only_case(tmp_path))
    (brain / "4.jpg").unlink()
    assert only_case(tmp_path).fault.startswith("1 slices between")


def test_rsna_slices_become_a_scan_ordered_by_position_with_their_labels(tmp_path):
    case = only_case(rsna2019(tmp_path))
    assert [file.stem[-1] for file in case.image] == ["9", "8", "7", "6", "5", "4"]
    ct, mask = read_case(case)
    assert np.array_equal(ct.voxels, head()[0])
    assert mask is None
    assert [label.any for label in case.slice_labels] == [True, True, False, False, False, False]
    assert case.slice_labels[0].subtypes == ("subarachnoid", "subdural")
    assert (case.patient, case.scan_labels) == ("ID_pat", case.slice_labels[0])


def test_rsna_scans_are_told_apart_by_series(tmp_path):
    rsna2019(tmp_path)
    rows = [
        row for line in (tmp_path / "stage_2_train.csv").read_text().split()[1:] for row in [line.split(",")]
    ]
    for place in range(2):
        name = f"ID_{100 + place}"
        save_slice(
            tmp_path / f"stage_2_train/{name}.dcm", head(5)[0][place] + 1024, 5.0 * place, "9.9", "ID_other"
        )
        rows += rsna_rows(name)
    write_csv(tmp_path / "stage_2_train.csv", ("ID", "Label"), rows)
    one, other = find_adapter(tmp_path).cases(tmp_path)
    assert (one.patient, len(one.image)) == ("ID_pat", 6)
    assert (other.patient, len(other.image)) == ("ID_other", 2)
    assert other.is_free_of_hemorrhage
    assert not read_case(other)[1].voxels.any()


def test_rsna_rows_that_contradict_each_other_or_lack_are_a_fault(tmp_path):
    rsna2019(tmp_path)
    table = tmp_path / "stage_2_train.csv"
    text = table.read_text()
    table.write_text(text + "ID_000000009_subdural,0\n")
    assert "contradict" in only_case(tmp_path).fault
    table.write_text("\n".join(line for line in text.splitlines() if "ID_000000004_any" not in line) + "\n")
    assert "1 of its 6 slices lack rows" in only_case(tmp_path).fault


def test_a_damaged_rsna_file_is_reported_by_name_and_the_rest_is_kept(tmp_path):
    rsna2019(tmp_path)
    (tmp_path / "stage_2_train/ID_6431af929.dcm").write_bytes(b"no DICOM")
    broken, scan = sorted(find_adapter(tmp_path).cases(tmp_path), key=lambda case: len(case.image))
    assert "ID_6431af929.dcm" in broken.fault
    assert len(scan.image) == 6
    with pytest.raises(InputError, match="ID_6431af929"):
        read_case(broken)


def test_negative_hu_stored_without_a_sign_are_put_right(tmp_path):
    rsna2019(tmp_path)
    expected = head()[0]
    for place in (2, 3):  # 12 bits without a sign and no intercept: -1000 HU became 3096
        file = tmp_path / f"stage_2_train/ID_{9 - place:09x}.dcm"
        save_slice(
            file, expected[place].astype(int) % 4096, -30.0 + 5 * place, "1.2.3", "ID_pat", intercept=0
        )
    ct, _ = read_case(only_case(tmp_path))
    assert np.array_equal(ct.voxels, expected)
    assert any("2 slices" in warning for warning in ct.warnings)


def test_cq500_takes_what_two_of_three_readers_saw(tmp_path):
    case = only_case(cq500(tmp_path))
    assert case.scan_labels.subtypes == ("intraparenchymal", "intraventricular")
    assert case.scan_labels.any
    assert not case.disputed


def test_cq500_takes_the_plain_series_with_the_most_slices(tmp_path):
    case = only_case(cq500(tmp_path))
    assert case.image.name == "CT PLAIN THIN"
    assert np.array_equal(read_case(case)[0].voxels, head()[0][:5])


@pytest.mark.parametrize(
    ("series", "plain"),
    [
        ("CT PRE CONTRAST THIN", True),
        ("CT 0.625mm-2", True),
        ("CT Thin Details", True),
        ("CT POST CONTRAST-3", False),
        ("CT 55mm Contrast", False),
        ("CT CECT THIN", False),
        ("CT ORAL IV", False),
        ("CT PRE CONTRAST BONE", False),
    ],
)
def test_cq500_series_with_contrast_or_for_bone_do_not_count(tmp_path, series, plain):
    cq500(tmp_path)
    study = tmp_path / "CQ500CT0 CQ500CT0/Unknown Study"
    for name in ("CT 5mm Plain", "CT PLAIN THIN"):
        for file in (study / name).iterdir():
            file.unlink()
    for place in range(4):
        save_slice(study / series / f"CT{place:06d}.dcm", head()[0][place] + 1024, 5.0 * place, "2.2", "0")
    case = only_case(tmp_path)
    assert bool(case.fault) != plain
    assert plain == (case.image.name == series)


def test_a_cq500_scan_on_which_one_reader_saw_hemorrhage_has_no_known_empty_mask(tmp_path):
    cq500(tmp_path)
    for seen, known in (({"ICH", "SAH"}, False), (set(), True)):
        write_csv(tmp_path / "reads.csv", CQ500_COLUMNS, [cq500_row(0, set(), seen, set())])
        case = only_case(tmp_path)
        assert not case.scan_labels.any
        assert case.has_mask == known
