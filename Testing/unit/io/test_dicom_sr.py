"""Measurements as a structured report: what stands in it, judged by highdicom, pydicom and dciodvfy."""

import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_maker import head_series, write_series
from seg_series import MODEL, a_mask, written

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import Origin, read_ct, write_mask
from ICHSegmentationLib.io.dicom_seg_source import without_identifiers
from ICHSegmentationLib.io.dicom_sr import write_sr
from ICHSegmentationLib.io.secondary_capture import write_pictures
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import CTVolume, Volume

highdicom = pytest.importorskip("highdicom")

VOLUME, LONG, SHORT, DEPTH = (
    ("118565006", "SCT"),
    ("103339001", "SCT"),
    ("103340004", "SCT"),
    ("131197000", "SCT"),
)
BY_VOXELS, BY_AXES = ("126030", "DCM"), ("126029", "DCM")
STATEMENT = "Research use only; not a medical device."


def reported(folder, ct, mask, origin=MODEL, warnings=()):
    """The report on a mask, its SEG and what was measured; the report read back by highdicom."""
    write_mask(mask, folder / "seg.dcm", ct, origin)
    measured = measure(mask, slice_positions_mm=ct.slice_positions_mm).to_dict()
    measured = {**measured, "research_use_only": STATEMENT, "warnings": list(warnings)}
    write_sr(measured, folder / "seg.dcm", ct, folder / "report.dcm", origin)
    return highdicom.sr.srread(folder / "report.dcm"), pydicom.dcmread(folder / "seg.dcm"), measured


def numbers(group):
    """Name, unit and method of each measurement, with its value."""
    found = {}
    for item in group.get_measurements():
        method = item.method
        key = (code(item.name), item.unit.value, code(method) if method else None)
        found[key] = item.value
    return found


def code(concept):
    return concept.value, concept.scheme_designator


def named(groups):
    return {group.tracking_identifier: group for group in groups}


@dataclass(frozen=True)
class Case:
    ct: CTVolume
    mask: Volume
    seg: Path
    report: Any
    measured: dict

    @property
    def regions(self):
        return named(self.report.content.get_volumetric_roi_measurement_groups())


@pytest.fixture(scope="module")
def two_ellipsoids(tmp_path_factory):
    """3 mm slices of 1 mm pixels with two separate ellipsoids of one label, and a block in the ventricles."""
    folder = tmp_path_factory.mktemp("case")
    series = head_series(30, distance=3.0, pixel_spacing=(1.0, 1.0))
    series.stored = np.zeros((30, 80, 90), np.uint16)
    write_series(series, folder / "ct")
    ct = read_ct(folder / "ct")
    z, y, x = np.ogrid[:30, :80, :90]
    voxels = np.zeros(ct.voxels.shape, np.uint8)
    voxels[((z - 14) * 3 / 18) ** 2 + ((y - 40) / 12) ** 2 + ((x - 25) / 20) ** 2 <= 1] = 2
    voxels[((z - 14) * 3 / 12) ** 2 + ((y - 40) / 8) ** 2 + ((x - 70) / 9) ** 2 <= 1] = 2
    voxels[20:24, 5:15, 40:50] = 3
    mask = Volume(voxels, ct.affine)
    report, _, measured = reported(folder, ct, mask)
    return Case(ct, mask, folder / "seg.dcm", report, measured)


def test_each_lesion_has_its_volume_and_where_it_is_meant_the_tada_estimate_and_its_axes(two_ellipsoids):
    regions = two_ellipsoids.regions
    large = numbers(regions["Lesion 1: Intraparenchymal hemorrhage"])
    # Half-axes of 20, 12 and 18 mm: 41 and 25 pixels between their outer edges, 13 slices of 3 mm.
    assert large == {
        (VOLUME, "mL", BY_VOXELS): pytest.approx(4 / 3 * math.pi * 2.0 * 1.2 * 1.8, rel=0.02),
        (VOLUME, "mL", BY_AXES): pytest.approx(math.pi / 6 * 4.1 * 2.5 * 3.9, rel=0.01),
        (LONG, "mm", None): pytest.approx(41, abs=0.1),
        (SHORT, "mm", None): pytest.approx(25, abs=0.1),
        (DEPTH, "mm", None): pytest.approx(39),
    }
    small = numbers(regions["Lesion 2: Intraparenchymal hemorrhage"])
    assert small[VOLUME, "mL", BY_VOXELS] == pytest.approx(4 / 3 * math.pi * 0.9 * 0.8 * 1.2, rel=0.04)
    ventricular = numbers(regions["Lesion 3: Intraventricular hemorrhage"])
    assert ventricular == {(VOLUME, "mL", BY_VOXELS): pytest.approx(4 * 3 * 10 * 10 / 1000)}


def test_the_volume_of_each_segment_is_that_of_its_voxels_in_the_seg(two_ellipsoids):
    seg = highdicom.seg.segread(two_ellipsoids.seg)
    slices = two_ellipsoids.ct.header.slices
    for number, name in ((1, "Intraparenchymal"), (2, "Intraventricular")):
        pixels = seg.get_pixels_by_source_instance(
            [s.sop_uid for s in slices], segment_numbers=[number], assert_missing_frames_are_empty=True
        )
        group = two_ellipsoids.regions[f"Segment {number}: {name} hemorrhage"]
        assert numbers(group) == {
            (VOLUME, "mL", BY_VOXELS): pytest.approx(int(pixels.sum()) * 3 / 1000, rel=1e-5)
        }


def test_lesions_and_segments_refer_to_their_segment_and_the_source_series(two_ellipsoids):
    seg = pydicom.dcmread(two_ellipsoids.seg)
    for name, group in two_ellipsoids.regions.items():
        items = {item.ConceptNameCodeSequence[0].CodeValue: item for item in group[0].ContentSequence}
        (segment,) = items["121191"].ReferencedSOPSequence
        assert segment.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert segment.ReferencedSegmentNumber == (2 if "ventricular" in name else 1)
        series = two_ellipsoids.ct.header.slices[0].series_uid
        assert series == items["121232"].UID


def test_all_hemorrhage_has_its_total(two_ellipsoids):
    (whole,) = two_ellipsoids.report.content.get_image_measurement_groups()
    ml = np.count_nonzero(two_ellipsoids.mask.voxels) * 3 / 1000
    assert numbers(whole) == {
        (VOLUME, "mL", BY_VOXELS): pytest.approx(ml, rel=1e-5),
        (VOLUME, "mL", BY_AXES): pytest.approx(two_ellipsoids.measured["tada_total_ml"], rel=1e-5),
    }


def test_findings_sites_and_algorithm_are_coded(two_ellipsoids):
    for name, region in (
        ("Lesion 1: Intraparenchymal", "12738006"),
        ("Lesion 3: Intraventricular", "35764002"),
    ):
        group = two_ellipsoids.regions[f"{name} hemorrhage"]
        assert code(group.finding_type) == ("50960005", "SCT")
        assert code(group.finding_category) == ("49755003", "SCT")
        assert [code(site.value) for site in group.finding_sites] == [(region, "SCT")]
        texts = {
            item.ConceptNameCodeSequence[0].CodeMeaning: item.TextValue
            for item in group[0].ContentSequence
            if item.ValueType == "TEXT"
        }
        assert (texts["Algorithm Name"], texts["Algorithm Version"]) == ("default", "1.2.3")


def test_a_report_on_a_mask_that_a_person_drew_names_no_algorithm(tmp_path):
    _, ct = written(tmp_path / "ct")
    report, _, _ = reported(tmp_path, ct, a_mask(ct), Origin(by_person=True))
    assert "Algorithm Name" not in str(pydicom.dcmread(tmp_path / "report.dcm"))
    assert report.VerificationFlag == "UNVERIFIED"


def test_nothing_found_is_reported_as_0_ml(tmp_path):
    _, ct = written(tmp_path / "ct")
    nothing = Volume(np.zeros(ct.voxels.shape, np.uint8), ct.affine)
    report, _, _ = reported(tmp_path, ct, nothing)
    (whole,) = report.content.get_image_measurement_groups()
    assert numbers(whole) == {(VOLUME, "mL", BY_VOXELS): 0}
    (segment,) = report.content.get_volumetric_roi_measurement_groups()
    assert segment.tracking_identifier == "Segment 1: Hemorrhage"
    assert numbers(segment) == {(VOLUME, "mL", BY_VOXELS): 0}


def test_it_says_research_use_only_and_passes_warnings_on_whatever_their_letters(tmp_path):
    _, ct = written(tmp_path / "ct")
    warning = "The slices are tilted by 12.0° (gantry tilt), 3 cm² of the top is missing."
    reported(tmp_path, ct, a_mask(ct), warnings=[warning])
    report = pydicom.dcmread(tmp_path / "report.dcm")
    comments = [
        item.TextValue
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Comment"
    ]
    assert comments == [STATEMENT, warning]
    assert report.SpecificCharacterSet == "ISO_IR 192"
    assert "research use only" in report.SeriesDescription


def test_it_belongs_to_the_patient_and_study_of_the_series_and_names_series_and_seg_as_evidence(tmp_path):
    def latin(dataset, index):
        dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 100", "Müller^Jörg"

    series, ct = written(tmp_path / "ct", change=latin)
    _, seg, _ = reported(tmp_path, ct, a_mask(ct))
    report = pydicom.dcmread(tmp_path / "report.dcm")
    assert (report.PatientName, report.PatientID, report.AccessionNumber) == ("Müller^Jörg", "phantom", "A1")
    assert report.StudyInstanceUID == series.study
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    evidence = {
        (each.SeriesInstanceUID, image.ReferencedSOPInstanceUID)
        for each in study.ReferencedSeriesSequence
        for image in each.ReferencedSOPSequence
    }
    sources = {(series.uid, s.sop_uid) for s in ct.header.slices}
    assert evidence == {*sources, (seg.SeriesInstanceUID, seg.SOPInstanceUID)}


def test_the_same_measurements_get_the_same_uids_and_others_get_others(tmp_path):
    _, ct = written(tmp_path / "ct")
    uids = []
    for mask, warnings in (
        (a_mask(ct), ()),
        (a_mask(ct), ()),
        (a_mask(ct, (3, 4)), ()),
        (a_mask(ct), ("Thick.",)),
    ):
        report, seg, _ = reported(tmp_path, ct, mask, warnings=warnings)
        assert report.SeriesInstanceUID not in (seg.SeriesInstanceUID, ct.header.slices[0].series_uid)
        uids.append((report.SeriesInstanceUID, report.SOPInstanceUID))
    assert uids[0] == uids[1]
    assert len(set(uids)) == 3


def test_a_scan_not_read_from_dicom_has_no_report(tmp_path):
    _, ct = written(tmp_path / "ct")
    _, _, measured = reported(tmp_path, ct, a_mask(ct))
    with pytest.raises(InputError, match="not read from one"):
        write_sr(measured, tmp_path / "seg.dcm", CTVolume(ct.voxels, ct.affine), tmp_path / "other.dcm")
    assert not (tmp_path / "other.dcm").exists()


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (Debian's dicom3tools) is not installed")
@pytest.mark.parametrize("name", ["coronal", "uneven and tilted", "one slice"])
@pytest.mark.parametrize("found", [True, False], ids=["hemorrhage", "nothing"])
def test_dciodvfy_finds_no_error_in_a_report(tmp_path, name, found):
    _, ct = written(tmp_path / "ct", name)
    mask = a_mask(ct) if found else Volume(np.zeros(ct.voxels.shape, np.uint8), ct.affine)
    reported(tmp_path, ct, mask, warnings=["Tilted by 12°."])
    checked = subprocess.run(
        ["dciodvfy", "-new", str(tmp_path / "report.dcm")], capture_output=True, text=True, check=False
    )
    said = checked.stdout + checked.stderr
    assert "ComprehensiveSR" in said  # it has recognised the object
    assert "Error" not in said, said


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (Debian's dicom3tools) is not installed")
def test_dciodvfy_finds_no_error_in_results_that_name_nobody(tmp_path):
    _, ct = written(tmp_path / "ct")
    nameless = without_identifiers(ct)
    reported(tmp_path, nameless, a_mask(ct))
    (picture,) = write_pictures([np.zeros((20, 30, 3), np.uint8)], tmp_path / "pictures", nameless)
    for path in (tmp_path / "seg.dcm", tmp_path / "report.dcm", picture):
        assert b"Phantom" not in path.read_bytes()
        checked = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in checked.stdout + checked.stderr, checked.stderr


@pytest.mark.skipif(not shutil.which("dcentvfy"), reason="dcentvfy (Debian's dicom3tools) is not installed")
def test_dcentvfy_finds_scan_seg_report_and_pictures_to_be_of_one_patient_and_study(tmp_path):
    _, ct = written(tmp_path / "ct")
    reported(tmp_path, ct, a_mask(ct))
    write_pictures([np.zeros((20, 30, 3), np.uint8)], tmp_path / "pictures", ct)

    def said() -> str:
        files = sorted(str(path) for path in tmp_path.rglob("*.dcm"))
        checked = subprocess.run(["dcentvfy", *files], capture_output=True, text=True, check=False)
        return checked.stdout + checked.stderr

    assert "Error" not in said(), said()
    strange = pydicom.dcmread(tmp_path / "report.dcm")
    strange.PatientID = "somebody else"
    strange.save_as(tmp_path / "report.dcm")
    assert "Error" in said()
