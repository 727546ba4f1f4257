from base64 import b64decode

import numpy as np
import pytest
from dicom_maker import enhanced_dataset, head_series, write_series
from jpeg_lossless_frames import FRAMES
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder, get_encoder
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from ICHSegmentationLib.errors import DependencyError, NotAnImageError
from ICHSegmentationLib.io import dicom_pixels, read_ct


def able_to(syntax):
    return get_encoder(syntax).is_available and get_decoder(syntax).is_available


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_losslessly_compressed_slices_are_read_exactly(tmp_path, syntax):
    if not able_to(syntax):
        pytest.skip(f"no encoder for {syntax.name}")
    series = head_series(slices=2)
    series.stored = np.random.default_rng(0).integers(0, 4096, (2, 64, 96)).astype(np.uint16)
    write_series(series, tmp_path, change=lambda dataset, index: dataset.compress(syntax))
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)


def test_slices_in_what_most_archives_compress_with_are_read_exactly(tmp_path):
    """Process 14, selection value 1, compressed by another program."""
    if not get_decoder(JPEGLosslessSV1).is_available:
        pytest.skip(f"no decoder for {JPEGLosslessSV1.name}")

    def compress(dataset, index):
        dataset.PixelData = encapsulate([b64decode(FRAMES[index])])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1

    series = head_series(slices=2)
    write_series(series, tmp_path, change=compress)
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)


def test_a_compressed_multi_frame_ct_is_read_exactly(tmp_path):
    series = head_series()
    dataset = enhanced_dataset(series, order=[3, 1, 0, 4, 2])
    dataset.compress(RLELossless)
    dataset.save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(read_ct(tmp_path / "ct.dcm").voxels, series.hu)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1])
def test_a_compressed_slice_of_another_size_than_its_header_tells_is_refused_before_it_is_unpacked(
    syntax, tmp_path, monkeypatch
):
    """Such as a kilobyte that unpacks to gigabytes."""
    if (syntax != JPEGLosslessSV1 and not able_to(syntax)) or not get_decoder(syntax).is_available:
        pytest.skip(f"no encoder or decoder for {syntax.name}")
    series = head_series(slices=2)
    if syntax != JPEGLosslessSV1:
        series.stored = np.random.default_rng(0).integers(0, 4096, (2, 64, 96)).astype(np.uint16)
    rows = series.stored.shape[1]

    def compress(dataset, index):
        if syntax == JPEGLosslessSV1:
            dataset.PixelData = encapsulate([b64decode(FRAMES[index])])
            dataset["PixelData"].VR = "OB"
            dataset.file_meta.TransferSyntaxUID = syntax
        else:
            dataset.compress(syntax)
        dataset.Rows = rows - 1

    write_series(series, tmp_path, change=compress)
    unpacked = []
    monkeypatch.setattr(Dataset, "convert_pixel_data", lambda *arguments: unpacked.append(arguments))
    columns = series.stored.shape[2]
    with pytest.raises(
        NotAnImageError, match=f"{rows - 1} x {columns} pixels .*, found {rows} x {columns} pixels"
    ):
        read_ct(tmp_path)
    assert not unpacked


def test_a_missing_decoder_says_what_to_install(tmp_path, monkeypatch):
    series = head_series()
    write_series(series, tmp_path, change=lambda dataset, index: dataset.compress(RLELossless))

    class Unavailable:
        is_available = False

    monkeypatch.setattr(dicom_pixels, "get_decoder", lambda syntax: Unavailable)
    with pytest.raises(DependencyError, match=r"RLE Lossless.*pip install \"ichsegmentation\[dicom\]\""):
        read_ct(tmp_path)


def test_a_compression_nobody_decodes_is_told(tmp_path):
    def film(dataset, index):
        dataset.compress(RLELossless)
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2

    write_series(head_series(), tmp_path, change=film)
    with pytest.raises(DependencyError, match="MPEG2"):
        read_ct(tmp_path)


def test_monochrome1_changes_the_display_and_not_the_hounsfield_units(tmp_path):
    series = head_series(extra={"PhotometricInterpretation": "MONOCHROME1"})
    write_series(series, tmp_path)
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)


def test_signed_pixels_are_read(tmp_path):
    series = head_series(intercept=0)
    series.stored = (series.stored.astype(np.int32) - 1024).astype(np.int16)
    write_series(series, tmp_path)
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.stored)


def test_bits_above_those_stored_do_not_count(tmp_path):
    series = head_series(extra={"BitsStored": 12})
    expected = series.hu
    series.stored = series.stored | 0x8000  # an overlay, as old scanners keep it there
    write_series(series, tmp_path)
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, expected)


@pytest.mark.parametrize("padding", [-2000, 65536 - 2000])
def test_padding_outside_the_scanned_circle_is_air(tmp_path, padding):
    series = head_series(intercept=0)
    series.stored = (series.stored.astype(np.int32) - 1024).astype(np.int16)
    expected = series.stored.copy()
    series.stored[:, 0], expected[:, 0] = -2000, -1024

    def pad(dataset, index):
        dataset.add_new("PixelPaddingValue", "SS" if padding < 0 else "US", padding)

    write_series(series, tmp_path, change=pad)
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, expected)


def test_a_range_of_padding_values_is_air(tmp_path):
    series = head_series(extra={"PixelPaddingValue": 4090, "PixelPaddingRangeLimit": 4095})
    series.stored[:, 0] = np.arange(4089, 4096)
    write_series(series, tmp_path)
    row = read_ct(tmp_path).voxels[2, 0]
    assert row.tolist() == [4089 - 1024] + [-1024] * 6


@pytest.mark.parametrize(
    ("padding", "row"),
    [
        ({"PixelPaddingValue": None}, [4089, 4090]),
        ({"PixelPaddingValue": None, "PixelPaddingRangeLimit": None}, [4089, 4090]),
        ({"PixelPaddingValue": 4090, "PixelPaddingRangeLimit": None}, [4089, 0]),
    ],
)
def test_elements_of_the_padding_that_are_there_and_empty_name_no_value(tmp_path, padding, row):
    series = head_series(extra=padding)
    series.stored[:, 0, :2] = [4089, 4090]
    write_series(series, tmp_path)
    assert read_ct(tmp_path).voxels[2, 0, :2].tolist() == [value - 1024 for value in row]


def test_fractional_hounsfield_units_stay(tmp_path):
    series = head_series(slope=0.25, intercept=-200)
    write_series(series, tmp_path)
    ct = read_ct(tmp_path)
    assert ct.voxels.dtype == np.float32
    np.testing.assert_allclose(ct.voxels, series.hu)
