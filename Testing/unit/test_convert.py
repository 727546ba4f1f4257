"""``ichseg convert``, and ``ichseg segment --format dcm``."""

import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from fakes import FakeSegmenter, bleeding, head, write_nifti

from ICHSegmentationLib import models
from ICHSegmentationLib.cli import main
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.pipeline import path, segment_case
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import Volume

pytest.importorskip("highdicom")
sys.path.append(str(Path(__file__).with_name("io")))

from dicom_maker import Series, write_series

FORMATS = ["nii.gz", "nrrd", "seg.nrrd", "dcm"]


@pytest.fixture
def a_dicom_ct(tmp_path: Path) -> Path:
    """The painted head as a tilted DICOM series."""
    stored = (head((12, 50, 45)).astype(np.int32) + 1024).astype(np.uint16)
    step = np.array([0.0, 2.0, 10.0])
    orientation = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    series = Series(stored, np.arange(12)[:, None] * step, orientation, (4.0, 4.0))
    write_series(series, tmp_path / "head")
    return tmp_path / "head"


def convert(*arguments: object) -> int:
    return main(["convert", *map(str, arguments)])


def test_a_mask_goes_through_all_formats_and_comes_back_the_same(a_dicom_ct: Path, tmp_path: Path) -> None:
    ct = read_ct(a_dicom_ct)
    voxels = np.random.default_rng(0).integers(0, 7, ct.voxels.shape).astype(np.uint8)
    voxels[5:] = 0
    write_mask(Volume(voxels, ct.affine), tmp_path / "0.nii.gz", ct)
    last = tmp_path / "0.nii.gz"
    for ending in ["seg.nrrd", "dcm", "nrrd", "dcm", "seg.nrrd", "nii.gz"]:
        following = tmp_path / f"{int(last.name[0]) + 1}.{ending}"
        assert convert(last, following, "--ct", a_dicom_ct) == 0
        last = following
    assert (tmp_path / "6.nii.gz").read_bytes() == (tmp_path / "0.nii.gz").read_bytes()


def test_what_the_reader_of_a_mask_saw_is_told(
    a_dicom_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (a_dicom_ct / "IM0010.dcm").unlink()
    ct = read_ct(a_dicom_ct)
    stretched = np.array(ct.affine)
    stretched[:3, 2] *= 1.1
    write_mask(Volume(np.zeros(ct.voxels.shape, np.uint8), stretched), tmp_path / "mask.nrrd")
    assert convert(tmp_path / "mask.nrrd", tmp_path / "mask.nii.gz", "--ct", a_dicom_ct) == 0
    assert "copy whose transform was hardened" in capsys.readouterr().err


def test_a_series_that_no_seg_can_refer_to_is_refused_before_the_work(
    a_dicom_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    for number, file in enumerate(sorted(a_dicom_ct.iterdir())):
        header = pydicom.dcmread(file)
        header.FrameOfReferenceUID = f"1.2.{number % 2 + 1}"
        header.save_as(file)
    worked: list[str] = []
    a_segmenter.during = lambda: worked.append("segmented")
    settings = SegmentationSettings(format="dcm", detect=False)
    with pytest.raises(InputError, match="several values of FrameOfReferenceUID"):
        segment_case(a_dicom_ct, tmp_path / "out", settings, segmenter=a_segmenter)
    assert worked == []


def test_without_a_ct_a_mask_keeps_its_own_grid(tmp_path: Path) -> None:
    write_nifti(tmp_path / "mask.nii.gz", bleeding(head()))
    assert convert(tmp_path / "mask.nii.gz", tmp_path / "mask.seg.nrrd") == 0
    one, other = (sitk.ReadImage(str(tmp_path / f"mask.{ending}")) for ending in ("nii.gz", "seg.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(one), sitk.GetArrayFromImage(other))
    np.testing.assert_allclose(one.GetOrigin(), other.GetOrigin(), atol=1e-5)
    np.testing.assert_allclose(one.GetDirection(), other.GetDirection(), atol=1e-6)


def test_the_algorithm_stands_in_the_seg(a_dicom_ct: Path, tmp_path: Path) -> None:
    ct = read_ct(a_dicom_ct)
    write_mask(Volume(bleeding(ct.voxels), ct.affine), tmp_path / "mask.nrrd")
    arguments = (tmp_path / "mask.nrrd", tmp_path / "mask.dcm", "--ct", a_dicom_ct)
    assert convert(*arguments, "--algorithm", "default", "1.0.0") == 0
    (segment,) = pydicom.dcmread(tmp_path / "mask.dcm").SegmentSequence
    assert segment.SegmentAlgorithmName == "default"
    assert convert(*arguments) == 61  # the file is there
    assert convert(*arguments, "--overwrite") == 0
    (segment,) = pydicom.dcmread(tmp_path / "mask.dcm").SegmentSequence
    assert segment.SegmentAlgorithmType == "MANUAL"


def test_a_seg_needs_the_series(a_dicom_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write_nifti(tmp_path / "mask.nii.gz", bleeding(head()))
    ct = write_nifti(tmp_path / "ct.nii.gz", head())
    assert convert(mask, tmp_path / "mask.dcm") == 10
    assert convert(mask, tmp_path / "mask.dcm", "--ct", ct) == 10
    assert "folder with the DICOM series" in capsys.readouterr().err
    assert convert(mask, tmp_path / "mask.png") == 10
    assert convert(mask, tmp_path / "mask.dcm", "--ct", a_dicom_ct) == 21  # another grid
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ct.nii.gz", "head", "mask.nii.gz"]


@pytest.fixture
def no_network(a_model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSegmenter:
    segmenter = FakeSegmenter(models.find(a_model_folder))
    monkeypatch.setattr(path, "load_segmenter", lambda settings: segmenter)
    return segmenter


def test_segment_writes_a_seg_that_measures_the_same(
    a_dicom_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    assert main(["segment", str(a_dicom_ct), "-o", str(tmp_path / "out"), "--format", "dcm"]) == 0
    written = tmp_path / "out" / "head" / "segmentation.dcm"
    ct = read_ct(a_dicom_ct)
    np.testing.assert_array_equal(read_mask(written, ct).voxels, bleeding(ct.voxels))
    (segment,) = pydicom.dcmread(written).SegmentSequence
    (identity,) = segment.SegmentationAlgorithmIdentificationSequence
    assert (identity.AlgorithmName, identity.AlgorithmVersion) == ("small", "1.0.0")
    measured = path.measure_case(a_dicom_ct, written, tmp_path / "again").measurements
    assert measured["total_volume_ml"] == pytest.approx(
        bleeding(ct.voxels).sum() * ct.grid.voxel_volume_mm3 / 1000
    )


def test_segment_writes_a_structured_report_beside_a_seg_and_pictures_when_asked_for(
    a_dicom_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    arguments = ["segment", str(a_dicom_ct), "-o", str(tmp_path / "out"), "--format", "dcm"]
    assert main([*arguments, "--secondary-capture"]) == 0
    folder = tmp_path / "out" / "head"
    seg, report = (pydicom.dcmread(folder / name) for name in ("segmentation.dcm", "report.dcm"))
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    referred = {series.SeriesInstanceUID for series in study.ReferencedSeriesSequence}
    assert seg.SeriesInstanceUID in referred
    assert "Nothing but a threshold was used." in {item.get("TextValue") for item in report.ContentSequence}
    assert pydicom.dcmread(folder / "pictures" / "01.dcm").StudyInstanceUID == seg.StudyInstanceUID


def test_segment_refuses_a_seg_of_a_nifti_before_it_works(
    no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_network.during = lambda: pytest.fail("it was segmented")
    ct = write_nifti(tmp_path / "ct.nii.gz", head())
    assert main(["segment", str(ct), "-o", str(tmp_path / "out"), "--format", "dcm"]) == 10
    assert "not read from one" in capsys.readouterr().err
    assert not (tmp_path / "out" / "ct").exists()
