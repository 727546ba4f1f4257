"""A mask as a DICOM SEG: what stands in it, judged by highdicom, pydicom and dciodvfy."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_maker import enhanced_dataset, head_series
from seg_series import MODEL, SERIES, a_mask, written

from ICHSegmentationLib.errors import GridMismatchError, InputError, UnknownLabelError
from ICHSegmentationLib.io import Origin, read_ct, read_mask, write_mask
from ICHSegmentationLib.labels import LABELS
from ICHSegmentationLib.volume import CTVolume, Volume

highdicom = pytest.importorskip("highdicom")

ODD = Path(__file__).parents[4] / "shared" / "data" / "dicom_odd"


def by_source(path, sources):
    """Label names to voxels ``[D, H, W]`` in the order of the source slices, as highdicom reads them."""
    seg = highdicom.seg.segread(path)
    numbers = list(seg.segment_numbers)
    pixels = seg.get_pixels_by_source_instance(
        source_sop_instance_uids=sources, segment_numbers=numbers, assert_missing_frames_are_empty=True
    )
    return {seg.get_segment_description(n).segment_label: pixels[..., i] for i, n in enumerate(numbers)}


@pytest.mark.parametrize("name", SERIES)
def test_highdicom_finds_each_voxel_on_the_slice_it_was_drawn_on(tmp_path, name):
    _, ct = written(tmp_path / "ct", name)
    mask = a_mask(ct)
    write_mask(mask, tmp_path / "seg.dcm", ct, MODEL)
    found = by_source(tmp_path / "seg.dcm", [s.sop_uid for s in ct.header.slices])
    np.testing.assert_array_equal(found["Intraparenchymal hemorrhage"], mask.voxels == 2)
    np.testing.assert_array_equal(found["Subdural hemorrhage"], mask.voxels == 5)
    np.testing.assert_array_equal(read_mask(tmp_path / "seg.dcm", ct).voxels, mask.voxels)


@pytest.mark.parametrize("name", SERIES)
def test_each_frame_stands_where_its_source_slice_does(tmp_path, name):
    series, ct = written(tmp_path / "ct", name)
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct, MODEL)
    headers = [pydicom.dcmread(path) for path in (tmp_path / "ct").iterdir()]
    positions = {h.SOPInstanceUID: h.ImagePositionPatient for h in headers}
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    shared = seg.SharedFunctionalGroupsSequence[0]
    assert list(shared.PixelMeasuresSequence[0].PixelSpacing) == list(series.pixel_spacing)
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    np.testing.assert_allclose(orientation, series.orientation, atol=1e-12)
    for frame in seg.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        there = frame.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(there, positions[source], atol=1e-9)


def test_every_slice_of_the_series_is_referred_to_and_only_marked_ones_have_frames(tmp_path):
    series, ct = written(tmp_path / "ct")
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct, MODEL)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    (referred,) = seg.ReferencedSeriesSequence
    assert referred.SeriesInstanceUID == series.uid
    assert {r.ReferencedSOPInstanceUID for r in referred.ReferencedInstanceSequence} == {
        s.sop_uid for s in ct.header.slices
    }
    assert seg.NumberOfFrames == 5 + 4
    assert seg.StudyInstanceUID == series.study
    assert seg.FrameOfReferenceUID == series.extra["FrameOfReferenceUID"]
    assert (seg.PatientID, seg.PatientName, seg.AccessionNumber) == ("phantom", "Phantom^Head", "A1")


def test_segments_carry_the_codes_and_colours_of_their_labels(tmp_path):
    _, ct = written(tmp_path / "ct")
    voxels = np.zeros(ct.voxels.shape, np.uint8)
    for label in LABELS:
        voxels[2, 3, label.value] = label.value
    write_mask(Volume(voxels, ct.affine), tmp_path / "seg.dcm", ct, MODEL)
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    assert seg.number_of_segments == len(LABELS)
    for number, label in enumerate(LABELS, 1):
        segment = seg.get_segment_description(number)
        category, kind = segment.segmented_property_category, segment.segmented_property_type
        assert (category.value, category.scheme_designator) == ("49755003", "SCT")
        assert (kind.value, kind.meaning) == ("50960005", "Hemorrhage")
        (region,) = segment.anatomic_regions
        assert (region.value, region.meaning) == (label.region.value, label.region.meaning)
        assert segment.segment_label == label.name
        lab = highdicom.color.CIELabColor.from_dicom_value(segment.RecommendedDisplayCIELabValue)
        np.testing.assert_allclose(lab.to_rgb(), label.colour, atol=2)


@pytest.mark.parametrize(
    ("origin", "kind", "algorithm"),
    [
        (MODEL, "AUTOMATIC", ("default", "1.2.3")),
        (Origin("default", "1.2.3", by_person=True), "SEMIAUTOMATIC", ("default", "1.2.3")),
        (Origin(by_person=True), "MANUAL", None),
    ],
)
def test_it_says_which_model_outlined_it_and_whether_a_person_did(tmp_path, origin, kind, algorithm):
    _, ct = written(tmp_path / "ct")
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct, origin)
    for segment in pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence:
        assert segment.SegmentAlgorithmType == kind
        assert ("SegmentationAlgorithmIdentificationSequence" in segment) == bool(algorithm)
        if algorithm:
            (identity,) = segment.SegmentationAlgorithmIdentificationSequence
            assert (identity.AlgorithmName, identity.AlgorithmVersion) == algorithm
            assert segment.SegmentAlgorithmName == algorithm[0]
            assert identity.AlgorithmFamilyCodeSequence[0].CodeMeaning == "Artificial Intelligence"


def test_the_same_mask_gets_the_same_uids_and_another_mask_or_model_others(tmp_path):
    _, ct = written(tmp_path / "ct")
    mask, other = a_mask(ct), a_mask(ct, (3, 4))
    uids = []
    for given, origin in ((mask, MODEL), (mask, MODEL), (other, MODEL), (mask, Origin("default", "2"))):
        write_mask(given, tmp_path / "seg.dcm", ct, origin)
        seg = pydicom.dcmread(tmp_path / "seg.dcm")
        assert seg.SeriesInstanceUID.is_valid
        assert seg.SOPInstanceUID.is_valid
        assert seg.SeriesInstanceUID not in (seg.SOPInstanceUID, ct.header.slices[0].series_uid)
        uids.append((seg.SeriesInstanceUID, seg.SOPInstanceUID))
    assert uids[0] == uids[1]
    assert len(set(uids)) == 3


def test_nothing_found_is_one_empty_segment_that_comes_back_empty(tmp_path):
    _, ct = written(tmp_path / "ct")
    nothing = Volume(np.zeros(ct.voxels.shape, np.uint8), ct.affine)
    write_mask(nothing, tmp_path / "seg.dcm", ct, MODEL)
    found = by_source(tmp_path / "seg.dcm", [s.sop_uid for s in ct.header.slices])
    assert list(found) == ["Hemorrhage"]
    assert not found["Hemorrhage"].any()
    assert not read_mask(tmp_path / "seg.dcm", ct).voxels.any()


def test_frames_of_a_multi_frame_ct_are_referred_to_by_their_numbers(tmp_path):
    series = head_series(6)
    order = [3, 0, 5, 1, 4, 2]
    enhanced_dataset(series, order).save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    ct = read_ct(tmp_path / "ct.dcm")
    mask = a_mask(ct)
    write_mask(mask, tmp_path / "seg.dcm", ct, MODEL)
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    pixels = seg.get_pixels_by_source_frame(
        source_sop_instance_uid=ct.header.slices[0].sop_uid,
        source_frame_numbers=[order.index(k) + 1 for k in range(6)],
        segment_numbers=[1],
        assert_missing_frames_are_empty=True,
    )
    np.testing.assert_array_equal(pixels[..., 0], mask.voxels == 2)
    np.testing.assert_array_equal(read_mask(tmp_path / "seg.dcm", ct).voxels, mask.voxels)


def test_a_series_without_identity_frame_of_reference_or_thickness_will_do(tmp_path):
    def strip(dataset, index):
        for name in ("PatientID", "PatientName", "StudyDate", "FrameOfReferenceUID", "SliceThickness"):
            delattr(dataset, name)

    _, ct = written(tmp_path / "ct", change=strip)
    mask = a_mask(ct)
    write_mask(mask, tmp_path / "seg.dcm", ct, MODEL)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    assert seg.PatientID == ""
    assert seg.FrameOfReferenceUID.is_valid
    assert seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SliceThickness == 5
    np.testing.assert_array_equal(read_mask(tmp_path / "seg.dcm", ct).voxels, mask.voxels)


def test_what_cannot_be_written_is_told(tmp_path):
    _, ct = written(tmp_path / "ct")
    mask = a_mask(ct)
    plain = CTVolume(ct.voxels, ct.affine)
    for without in (plain, None):
        with pytest.raises(InputError, match="not read from one"):
            write_mask(mask, tmp_path / "seg.dcm", without)
    moved = np.array(ct.affine)
    moved[0, 3] += 1
    with pytest.raises(GridMismatchError):
        write_mask(Volume(mask.voxels, moved), tmp_path / "seg.dcm", ct)
    with pytest.raises(UnknownLabelError):
        write_mask(Volume(mask.voxels * 50, ct.affine), tmp_path / "seg.dcm", ct)
    assert not (tmp_path / "seg.dcm").exists()


@pytest.mark.skipif(not ODD.exists(), reason="the odd DICOM series are not at ../shared/data")
@pytest.mark.parametrize("name", ["gantrytilting", "sliceincrement"])
def test_real_tilted_and_uneven_series_take_a_seg(tmp_path, name):
    ct = read_ct(ODD / name)
    voxels = np.zeros(ct.voxels.shape, np.uint8)
    voxels[1, 100:140, 200:230] = 2
    voxels[2, 110:120, 205:260] = 3
    write_mask(Volume(voxels, ct.affine), tmp_path / "seg.dcm", ct, MODEL)
    found = by_source(tmp_path / "seg.dcm", [s.sop_uid for s in ct.header.slices])
    np.testing.assert_array_equal(found["Intraventricular hemorrhage"], voxels == 3)
    np.testing.assert_array_equal(read_mask(tmp_path / "seg.dcm", ct).voxels, voxels)


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (Debian's dicom3tools) is not installed")
@pytest.mark.parametrize("name", ["axial", "uneven and tilted", "one slice"])
@pytest.mark.parametrize("found", [True, False], ids=["hemorrhage", "nothing"])
def test_dciodvfy_finds_no_error(tmp_path, name, found):
    _, ct = written(tmp_path / "ct", name)
    mask = a_mask(ct) if found else Volume(np.zeros(ct.voxels.shape, np.uint8), ct.affine)
    write_mask(mask, tmp_path / "seg.dcm", ct, MODEL)
    checked = subprocess.run(
        ["dciodvfy", "-new", str(tmp_path / "seg.dcm")], capture_output=True, text=True, check=False
    )
    said = checked.stdout + checked.stderr
    assert "Segmentation" in said  # it has recognised the object
    assert "Error" not in said, said
