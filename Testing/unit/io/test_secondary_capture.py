"""Pictures of the outlined slices as a DICOM series, judged by pydicom and dciodvfy."""

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from seg_series import a_mask, written

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.secondary_capture import write_pictures
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.report.key_pictures import SIDE, key_pictures
from ICHSegmentationLib.volume import CTVolume

pytest.importorskip("highdicom")


def test_pictures_become_a_series_of_their_own_in_the_study_of_the_scan(tmp_path):
    series, ct = written(tmp_path / "ct")
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in (10, 200)]
    pictures[0][3, 4] = (255, 0, 7)
    paths = write_pictures(pictures, tmp_path / "pictures", ct)
    assert [path.name for path in paths] == ["01.dcm", "02.dcm"]
    read = [pydicom.dcmread(path) for path in paths]
    for picture, file in zip(pictures, read, strict=True):
        np.testing.assert_array_equal(file.pixel_array, picture)
        assert (file.Modality, file.PhotometricInterpretation) == ("OT", "RGB")
        assert (file.StudyInstanceUID, file.PatientName) == (series.study, "Phantom^Head")
        assert list(file.PatientOrientation) == ["L", "P"]
        assert "research use only" in file.SeriesDescription
    assert len({file.SOPInstanceUID for file in read}) == 2
    (own,) = {file.SeriesInstanceUID for file in read}
    assert own != series.uid
    again = write_pictures(pictures, tmp_path / "again", ct)
    assert [pydicom.dcmread(path).SOPInstanceUID for path in again] == [file.SOPInstanceUID for file in read]


def test_the_pictures_show_the_slices_of_the_lesions_outlined_in_their_colours(tmp_path):
    _, ct = written(tmp_path / "ct")
    mask = a_mask(ct)
    pictures = key_pictures(ct, mask, measure(mask).to_dict())
    assert pictures
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert max(picture.shape) == SIDE
    coloured = [int((np.ptp(picture.astype(int), axis=2) > 60).sum()) for picture in pictures]
    assert max(coloured) > 100  # outlines, A and B; the CT itself is grey


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (Debian's dicom3tools) is not installed")
def test_dciodvfy_finds_no_error_in_a_picture(tmp_path):
    _, ct = written(tmp_path / "ct")
    (path,) = write_pictures([np.zeros((20, 30, 3), np.uint8)], tmp_path / "pictures", ct)
    checked = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    said = checked.stdout + checked.stderr
    assert "SCImage" in said  # it has recognised the object
    assert "Error" not in said, said


def test_a_scan_not_read_from_dicom_takes_no_pictures(tmp_path):
    _, ct = written(tmp_path / "ct")
    with pytest.raises(InputError, match="not read from one"):
        write_pictures([np.zeros((2, 3, 3), np.uint8)], tmp_path, CTVolume(ct.voxels, ct.affine))
