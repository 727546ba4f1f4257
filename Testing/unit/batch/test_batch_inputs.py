"""What a batch finds in a tree of images and DICOM, or in a table."""

import errno
import hashlib
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from batch_stub import write_scan
from dicom_maker import Series, enhanced_dataset, head_series, slice_dataset, write_series
from pydicom.uid import DeflatedExplicitVRLittleEndian

from ICHSegmentationLib import errors
from ICHSegmentationLib.batch import Case, Found, find_cases
from ICHSegmentationLib.batch.case import safe_name
from ICHSegmentationLib.batch.fingerprint import content_sha256

CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def scan(**settings: object) -> Series:
    """25 slices of 5 mm, pictures 200 mm wide, as of a head; hardly any pixels."""
    series = head_series(**{"slices": 25, "pixel_spacing": (28.0, 28.0), **settings})
    series.extra = {"PatientName": "DOE^JANE", "PatientID": "MRN-4711", **series.extra}
    return series


def uid_name(series: Series, kind: str = "ct") -> str:
    return f"{kind}-{digits(series.uid)}"


def digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def reasons(found: Found) -> dict[str, str]:
    return {left.name: left.reason for left in found.left_out}


def search(folder: Path, keep_identifiers: bool = False) -> Found:
    return find_cases(folder, folder / "results", keep_identifiers)


def test_series_are_put_together_wherever_their_files_lie(tmp_path: Path) -> None:
    one, two = scan(seed=1), scan(seed=2, extra={"BodyPartExamined": "HEAD"})
    for series, name in ((one, "a"), (two, "b")):
        for number, path in enumerate(write_series(series, tmp_path / "source" / name)):
            place = tmp_path / "tree" / f"disc{number % 3}" / f"{(number * 7) % 25:02d}{name}"
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)  # without an ending, as archives write them
    shutil.copytree(tmp_path / "tree" / "disc0", tmp_path / "tree" / "copy of disc0")
    found = search(tmp_path / "tree")
    cases = {case.name: case for case in found.cases}
    assert set(cases) == {uid_name(one), uid_name(two)}
    assert not found.left_out
    for case in found.cases:
        assert case.is_series
        assert len(case.files) == 25
        assert case.columns["images"] == "25"

    shutil.move(tmp_path / "tree", tmp_path / "elsewhere")
    moved = {case.name: case for case in search(tmp_path / "elsewhere").cases}
    assert {name: content_sha256(case) for name, case in moved.items()} == {
        name: content_sha256(Case(name, tuple(map(_moved, case.files)))) for name, case in cases.items()
    }


def _moved(file: Path) -> Path:
    return Path(str(file).replace(f"{os.sep}tree{os.sep}", f"{os.sep}elsewhere{os.sep}"))


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (scan(modality="MR"), "modality MR, not CT"),
        (scan(extra={"BodyPartExamined": "CHEST"}), "body part CHEST, not the head"),
        (scan(extra={"ContrastBolusAgent": "Iomeprol"}), "a contrast agent was given"),
        (scan(image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")), "a scout"),
        (scan(orientation=CORONAL), "slices at 90 degrees to the axial plane"),
        (scan(slices=5), "20 mm from the first to the last slice; expected 60 to 420"),
        (scan(pixel_spacing=(70.0, 70.0)), "pictures 490 mm wide; expected 120 to 400"),
    ],
    ids=["MR", "chest", "contrast", "scout", "coronal", "slab", "wide"],
)
def test_what_is_no_plain_head_ct_is_left_out_with_the_reason(
    series: Series, reason: str, tmp_path: Path
) -> None:
    write_series(series, tmp_path)
    found = search(tmp_path)
    assert not found.cases
    assert reasons(found) == {uid_name(series, "series"): reason}


@pytest.mark.parametrize("name", ["Rows", "Columns"])
def test_pictures_whose_size_is_empty_are_left_out(name: str, tmp_path: Path) -> None:
    series = scan()
    write_series(series, tmp_path / "ct", change=lambda dataset, index: setattr(dataset, name, None))
    assert reasons(search(tmp_path)) == {
        uid_name(series, "series"): "its images have no place in the patient"
    }


def test_a_scan_over_time_is_left_out(tmp_path: Path) -> None:
    series = scan(slices=24)
    series.positions = np.repeat(series.positions[::4], 4, axis=0)
    write_series(series, tmp_path)
    assert reasons(search(tmp_path)) == {
        uid_name(series, "series"): "24 images at 6 places: a scan over time"
    }


def test_a_tilted_gantry_and_a_multi_frame_file_are_head_cts(tmp_path: Path) -> None:
    angle = np.radians(25)
    tilted = scan(orientation=(1, 0, 0, 0, float(np.cos(angle)), float(-np.sin(angle))))
    write_series(tilted, tmp_path / "tilted")
    frames = scan()
    (tmp_path / "frames").mkdir()
    enhanced_dataset(frames).save_as(tmp_path / "frames" / "all.dcm", enforce_file_format=True)
    found = search(tmp_path)
    assert {case.name for case in found.cases} == {uid_name(tilted), uid_name(frames)}
    assert {len(case.files) for case in found.cases} == {25, 1}
    assert {case.columns["images"] for case in found.cases} == {"25"}


def test_two_patients_with_one_series_uid_are_two_cases(tmp_path: Path) -> None:
    one, two = scan(uid="1.2.3"), scan(uid="1.2.3", extra={"PatientID": "MRN-4712"})
    write_series(one, tmp_path / "one")
    write_series(two, tmp_path / "two")
    cases = search(tmp_path).cases
    assert [case.name for case in cases] == [uid_name(one), f"{uid_name(one)}-2"]
    assert [len(case.files) for case in cases] == [25, 25]
    assert {file.parent.name for file in cases[0].files} == {"one"}


def test_damaged_and_imageless_dicom_is_left_out_and_the_good_series_found(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    good = scan()
    paths = write_series(good, tmp_path / "good")
    (tmp_path / "DOE cut.dcm").write_bytes(paths[0].read_bytes()[:300])
    (tmp_path / "DOE wild.dcm").write_bytes(paths[0].read_bytes()[:132] + b"\xff" * 60)
    deflated = slice_dataset(scan(uid="1.2.5"), 0)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated.save_as(tmp_path / "DOE deflated.dcm", enforce_file_format=True)
    content = bytearray((tmp_path / "DOE deflated.dcm").read_bytes())
    content[-len(content) // 2 :] = bytes(len(content) // 2)
    (tmp_path / "DOE deflated.dcm").write_bytes(content)
    document = slice_dataset(scan(uid="1.2.4"), 0)
    for element in ("Rows", "Columns", "PixelData"):
        delattr(document, element)
    document.Modality = "DOC"
    document.save_as(tmp_path / "letter.dcm", enforce_file_format=True)
    found = search(tmp_path)
    assert [case.name for case in found.cases] == [uid_name(good)]
    assert sorted(reasons(found).values()) == [
        "a DICOM file that is damaged or cannot be read", "no images (modality DOC)",
        "no images (modality unknown)",
    ]  # fmt: skip
    assert "DOE" not in "".join(capfd.readouterr()) + caplog.text


@pytest.mark.parametrize("keep", [False, True])
def test_a_folder_that_cannot_be_read_is_told(
    keep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scan(tmp_path / "ct.nii.gz")
    write_scan(tmp_path / "DOE^JANE" / "ct.nii.gz")
    _make_unreadable(tmp_path / "DOE^JANE", monkeypatch)
    found = search(tmp_path, keep)
    assert [case.name for case in found.cases] == ["ct"]
    (left,) = found.left_out
    assert left.reason == "a folder that cannot be read"
    assert ("DOE^JANE" in str(left)) == keep


def test_a_source_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_scan(tmp_path / "ct.nii.gz")
    _make_unreadable(tmp_path, monkeypatch)
    with pytest.raises(errors.InputError, match="folder that can be read"):
        search(tmp_path)


def _make_unreadable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a network share may be, also for a superuser."""
    scandir = os.scandir

    def broken(path: str) -> object:
        if Path(path) == folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", broken)


@pytest.mark.parametrize("keep", [False, True])
def test_whom_a_series_shows_is_told_only_on_demand(keep: bool, tmp_path: Path) -> None:
    write_series(scan(), tmp_path / "DOE^JANE 1931")
    write_series(scan(modality="MR"), tmp_path / "DOE^JANE 1931 MR")
    found = search(tmp_path, keep)
    told = str([(case.name, dict(case.columns)) for case in found.cases]) + str(found.left_out)
    assert ("DOE^JANE" in told) == ("MRN-4711" in told) == ("1931" in told) == keep


def test_images_are_named_by_their_place_and_results_are_not_searched(tmp_path: Path) -> None:
    write_scan(tmp_path / "ct.nii.gz")
    write_scan(tmp_path / "site" / "ct.nii.gz")
    write_scan(tmp_path / "site_ct.nii")
    write_scan(tmp_path / "results" / "ct" / "segmentation.nii.gz")
    write_scan(tmp_path / ".hidden" / "ct.nii.gz")
    (tmp_path / "mask.seg.nrrd").write_text("a segmentation")
    (tmp_path / "notes.TXT").write_text("text")
    found = search(tmp_path)
    assert {case.name: case.files[0].relative_to(tmp_path).as_posix() for case in found.cases} == {
        "ct": "ct.nii.gz",
        f"site_ct-{digits('site_ct.nii')}": "site_ct.nii",
        f"site_ct-{digits('site/ct.nii.gz')}": "site/ct.nii.gz",
    }
    for case in found.cases:
        assert case.columns == {"path": case.files[0].relative_to(tmp_path).as_posix()}
    assert found.other_files == {".seg.nrrd": 1, ".txt": 1}


def test_results_are_no_scans_wherever_they_lie(tmp_path: Path) -> None:
    for name in ("ct.nii.gz", "segmentation.nii.gz", "of_another_run/ct/ct.nii.gz"):
        write_scan(tmp_path / name)
    for result in (tmp_path / "ct", tmp_path / "of_another_run" / "ct"):
        write_scan(result / "segmentation.nii.gz")
        write_series(head_series(), result / "pictures")
        (result / "measurements.json").touch()
    write_scan(tmp_path / "detected" / "heatmap_subdural.nii.gz")
    (tmp_path / "detected" / "detection.json").touch()
    found = find_cases(tmp_path, tmp_path)
    assert {case.name for case in found.cases} == {"ct", "segmentation", "of_another_run_ct_ct"}
    assert not found.left_out


def test_long_names_of_images_stay_what_they_are_when_files_are_added(tmp_path: Path) -> None:
    before = []
    for number in (2, 1):
        write_scan(tmp_path / ("study " * 20).strip() / f"scan {number}.nii.gz")
        names = {case.columns["path"]: case.name for case in search(tmp_path).cases}
        assert len({name.casefold() for name in names.values()}) == len(names)
        for place, name in names.items():
            assert name == f"{('study ' * 20)[:87].strip()}-{digits(place)}"
        before.append(names)
    assert before[0].items() <= before[1].items()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_circles_of_links_end(tmp_path: Path) -> None:
    write_scan(tmp_path / "a" / "ct.nii.gz")
    (tmp_path / "a" / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.nii.gz").symlink_to(tmp_path / "self.nii.gz")
    assert {case.name for case in search(tmp_path).cases} == {"a_ct", "self"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case;path\na;b\n", "columns case and path"),
        ("case,path\na,one.nii.gz\nA,two.nii.gz\n", "'A' in lines 2 and 3"),
        ("case,path\n../up,one.nii.gz\n", "name of a case in line 2"),
        ("case,path\nsummary.csv,one.nii.gz\n", "name of a case in line 2"),
        ("case,path\nnul.txt,one.nii.gz\n", "name of a case in line 2"),
        (f"case,path\n{'頭' * 67},one.nii.gz\n", "name of a case in line 2"),
        ("case,path\na,\n", "path in line 2"),
        ("case,path\na,one.nii.gz,more\n", "more in line 2"),
        ("case,path\n", "found no image"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_the_line(text: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(errors.InputError, match=message):
        find_cases(table, tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="no name ends in a blank there")
def test_a_path_in_a_table_may_end_in_a_blank(tmp_path: Path) -> None:
    write_scan(tmp_path / "Doe /ct.nii.gz")
    write_scan(tmp_path / "roe.nii.gz")
    (tmp_path / "mask ").touch()
    (tmp_path / "list.csv").write_text("case,path,mask\na,Doe ,mask \nb, roe.nii.gz , \n", encoding="utf-8")
    doe, roe = find_cases(tmp_path / "list.csv", tmp_path / "out").cases
    assert (doe.files, doe.mask) == ((tmp_path / "Doe /ct.nii.gz",), tmp_path / "mask ")
    assert (roe.files, roe.mask) == ((tmp_path / "roe.nii.gz",), None)


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes("case,path\nmüller,x.nii\n".encode("latin-1"))
    with pytest.raises(errors.InputError, match="cannot be read"):
        find_cases(tmp_path / "list.csv", tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ct 01", "ct 01"), ("../a/b", "_a_b"), ("a\nb", "a_b"), ("CON", "CON_"), ("", "case"),
        ("...", "case"),
        ("Schädel", "Schädel"), ("x" * 200, "x" * 100), ("index.html", "index.html_"), ("end. ", "end"),
        ("bad \udcff byte", "bad _ byte"), ("頭" * 100, "頭" * 66),
    ],
)  # fmt: skip
def test_a_name_becomes_a_folder_name_on_every_system(text: str, name: str) -> None:
    assert safe_name(text) == name
    assert safe_name(name) == name


def test_neither_folder_nor_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.InputError, match="found nothing"):
        find_cases(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(errors.InputError, match="found a file"):
        find_cases(write_scan(tmp_path / "ct.nii.gz"), tmp_path / "out")
