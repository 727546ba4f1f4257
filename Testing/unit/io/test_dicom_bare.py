"""DICOM files without a preamble."""

import numpy as np
import pytest
from dicom_maker import head_series, slice_dataset, write_series
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ICHSegmentationLib.errors import EmptyFolderError, NotAnImageError
from ICHSegmentationLib.io import read_ct, write_mask
from ICHSegmentationLib.io.dicom_slices import read_dataset
from ICHSegmentationLib.io.scans import is_dicom
from ICHSegmentationLib.volume import Volume


def write_bare(series, folder, implicit=True):
    """One data set a file, and nothing before it."""
    for index in range(len(series.stored)):
        dataset = slice_dataset(series, index)
        del dataset.file_meta
        dataset.save_as(folder / f"IM{index:04d}.dcm", implicit_vr=implicit, little_endian=True)


@pytest.mark.parametrize("implicit", [True, False])
def test_bare_data_sets_are_read(tmp_path, implicit):
    series = head_series()
    write_bare(series, tmp_path, implicit)
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert ct.warnings == ()
    syntax = read_dataset(tmp_path / "IM0000.dcm").file_meta.TransferSyntaxUID
    assert syntax == (ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)


def test_a_file_may_tell_its_syntax_and_lack_only_the_preamble(tmp_path):
    series = head_series()
    for path in write_series(series, tmp_path):
        path.write_bytes(path.read_bytes()[132:])
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)


def test_a_single_bare_file_is_taken_for_dicom(tmp_path):
    write_bare(head_series(), tmp_path)
    assert is_dicom(tmp_path / "IM0000.dcm")
    (tmp_path / "notes.dcm").write_text("1.2.840.10008.5.1.4.1.1.2")
    assert not is_dicom(tmp_path / "notes.dcm")


def test_a_dicom_seg_can_refer_to_bare_data_sets(tmp_path):
    pytest.importorskip("highdicom")
    (tmp_path / "ct").mkdir()
    write_bare(head_series(), tmp_path / "ct")
    ct = read_ct(tmp_path / "ct")
    mask = np.zeros(ct.voxels.shape, np.uint8)
    mask[2, 1:4, 2:5] = 2
    write_mask(Volume(mask, ct.affine), tmp_path / "mask.dcm", ct)
    assert read_dataset(tmp_path / "mask.dcm").Modality == "SEG"


def test_a_bare_slice_that_ends_within_its_header_is_told(tmp_path):
    write_bare(head_series(), tmp_path)
    path = tmp_path / "IM0004.dcm"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(NotAnImageError, match="IM0004"):
        read_ct(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"patient,volume\n" * 40,
        b"1.2.840.10008.5.1.4.1.1.2 is the class of a CT\n" * 10,
        b"\x08\0\0\0" * 500,
        b"\x08\0",
    ],
)
def test_what_only_resembles_a_data_set_is_no_dicom(tmp_path, content):
    (tmp_path / "IM0000.dcm").write_bytes(content)
    with pytest.raises(EmptyFolderError):
        read_ct(tmp_path)
    series = head_series()
    write_series(series, tmp_path / "ct")
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)
