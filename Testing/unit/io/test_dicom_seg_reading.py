"""DICOM SEGs that other programs wrote, or might have, onto the grid of the CT."""

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid
from seg_series import a_mask, written

from ICHSegmentationLib.errors import GridMismatchError, InputError, NotAnImageError, UnknownLabelError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.volume import CTVolume, Volume

highdicom = pytest.importorskip("highdicom")

HEMORRHAGE = Code("50960005", "SCT", "Hemorrhage")
ALTERED = Code("49755003", "SCT", "Morphologically Altered Structure")
ORGAN, BONE = Code("123037004", "SCT", "Anatomical Structure"), Code("89546000", "SCT", "Skull")


def another_programs(path, folder, planes, segments, kind="BINARY"):
    """A SEG as another program may write it: by highdicom, all frames, slices in the order of the files.

    Args:
        planes: ``[D, H, W, segments]``, or segment numbers ``[D, H, W]``, in that order.
        segments: name, type and region (or None) of each.
    """
    headers = [pydicom.dcmread(file) for file in sorted(folder.iterdir())]
    for header in headers:
        header.PatientBirthDate = header.PatientSex = header.ReferringPhysicianName = None
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=ALTERED if kind_ == HEMORRHAGE else ORGAN,
            segmented_property_type=kind_,
            algorithm_type="MANUAL",
            anatomic_regions=[region] if region else None,
        )
        for number, (name, kind_, region) in enumerate(segments, 1)
    ]
    highdicom.seg.Segmentation(
        headers, planes, kind, described, generate_uid(), 5, generate_uid(), 1, "Another", "It", "1", "1",
        omit_empty_frames=False,
    ).save_as(path)  # fmt: skip
    return path


def reversed_names(dataset, index):
    """Files whose names run against the slices' order."""
    dataset.InstanceNumber = 99 - index


@pytest.fixture
def a_series(tmp_path):
    return written(tmp_path / "ct", "uneven and tilted", reversed_names)


def test_segments_get_their_labels_by_their_codes(tmp_path, a_series):
    _, ct = a_series
    mask = a_mask(ct, (3, 4)).voxels
    planes = np.stack([mask == 3, mask == 4], axis=-1).astype(np.uint8)
    segments = [
        ("Blood A", HEMORRHAGE, Code("35764002", "SCT", "Brain ventricle")),
        ("Blood B", HEMORRHAGE, Code("T-A1500", "SRT", "Subarachnoid space")),  # as before SNOMED CT
    ]
    path = another_programs(tmp_path / "seg.dcm", tmp_path / "ct", planes, segments)
    np.testing.assert_array_equal(read_mask(path, ct).voxels, mask)


def test_a_name_of_ours_tells_more_than_the_codes(tmp_path, a_series):
    _, ct = a_series
    mask = a_mask(ct, (6, 6)).voxels
    segments = [("EDH", HEMORRHAGE, Code("1101003", "SCT", "Intracranial"))]
    path = another_programs(
        tmp_path / "seg.dcm", tmp_path / "ct", (mask > 0).astype(np.uint8)[..., None], segments
    )
    np.testing.assert_array_equal(read_mask(path, ct).voxels, mask)


def test_a_segment_of_something_else_is_refused(tmp_path, a_series):
    _, ct = a_series
    planes = (a_mask(ct).voxels > 0).astype(np.uint8)[..., None]
    path = another_programs(tmp_path / "seg.dcm", tmp_path / "ct", planes, [("Bone", BONE, None)])
    with pytest.raises(UnknownLabelError, match="'Bone'"):
        read_mask(path, ct)


def test_where_segments_overlap_the_last_wins(tmp_path, a_series):
    _, ct = a_series
    both = np.zeros((*ct.voxels.shape, 2), np.uint8)
    both[1, 1:4, 1:4, 0] = both[1, 3:5, 3:5, 1] = 1
    path = another_programs(
        tmp_path / "seg.dcm", tmp_path / "ct", both, [("IPH", HEMORRHAGE, None), ("IVH", HEMORRHAGE, None)]
    )
    read = read_mask(path, ct).voxels
    assert read[1, 3, 3] == 3
    assert np.count_nonzero(read == 2) == 8


def test_a_label_map_seg_is_read(tmp_path, a_series):
    _, ct = a_series
    mask = a_mask(ct, (2, 3)).voxels
    numbers = np.where(mask == 2, 1, np.where(mask == 3, 2, 0)).astype(np.uint8)
    segments = [("IPH", HEMORRHAGE, None), ("IVH", HEMORRHAGE, None)]
    path = another_programs(tmp_path / "seg.dcm", tmp_path / "ct", numbers, segments, "LABELMAP")
    np.testing.assert_array_equal(read_mask(path, ct).voxels, mask)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)], ids=["as scanned", "permuted"])
@pytest.mark.parametrize("turn", [1, -1], ids=["same way", "flipped"])
def test_the_ct_may_be_a_file_made_from_the_series(tmp_path, axes, turn):
    """Whatever way the converter stores the voxels."""
    _, ct = written(tmp_path / "ct", "oblique")
    mask = a_mask(ct)
    write_mask(mask, tmp_path / "seg.dcm", ct)
    ornt = [[axis, turn] for axis in axes]
    ct_image, mask_image = (
        nib.Nifti1Image(voxels.T, ct.affine).as_reoriented(np.array(ornt))
        for voxels in (ct.voxels, mask.voxels)
    )
    nib.save(ct_image, tmp_path / "ct.nii.gz")
    read = read_mask(tmp_path / "seg.dcm", read_ct(tmp_path / "ct.nii.gz"))
    np.testing.assert_array_equal(read.voxels.T, np.asarray(mask_image.dataobj))


def test_hemorrhage_off_the_cts_voxels_is_refused(tmp_path):
    _, ct = written(tmp_path / "ct", "axial")
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct)
    for axis in range(3):
        moved = np.array(ct.affine)
        moved[:3, 3] += 0.5 * moved[:3, axis]
        with pytest.raises(GridMismatchError, match="lies elsewhere"):
            read_mask(tmp_path / "seg.dcm", CTVolume(ct.voxels, moved))
    away = np.array(ct.affine)
    away[:3, 3] -= 3 * away[:3, 2]
    with pytest.raises(GridMismatchError, match="lies elsewhere"):
        read_mask(tmp_path / "seg.dcm", CTVolume(ct.voxels[:4], away))


def test_without_its_ct_a_seg_cannot_be_read(tmp_path):
    _, ct = written(tmp_path / "ct")
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct)
    with pytest.raises(InputError, match="Give the CT"):
        read_mask(tmp_path / "seg.dcm")


def test_what_is_no_binary_seg_is_told(tmp_path):
    _, ct = written(tmp_path / "ct")
    with pytest.raises(NotAnImageError, match="found CT Image Storage"):
        read_mask(next((tmp_path / "ct").iterdir()), ct)
    shares = np.full((*ct.voxels.shape, 1), 0.5)
    path = another_programs(
        tmp_path / "seg.dcm", tmp_path / "ct", shares, [("IPH", HEMORRHAGE, None)], "FRACTIONAL"
    )
    with pytest.raises(NotAnImageError, match="probabilities"):
        read_mask(path, ct)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_cut_off_file_is_told(tmp_path, share):
    _, ct = written(tmp_path / "ct")
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct)
    content = (tmp_path / "seg.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(NotAnImageError):
        read_mask(tmp_path / "cut.dcm", ct)


@pytest.mark.parametrize("name", ["SegmentSequence", "PerFrameFunctionalGroupsSequence", "PixelData"])
def test_a_seg_without_what_it_needs_is_told(tmp_path, name):
    _, ct = written(tmp_path / "ct")
    write_mask(a_mask(ct), tmp_path / "seg.dcm", ct)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    delattr(seg, name)
    seg.save_as(tmp_path / "less.dcm")
    with pytest.raises(NotAnImageError):
        read_mask(tmp_path / "less.dcm", ct)


def test_a_seg_cut_to_a_part_of_the_pictures_is_placed(tmp_path):
    """Some programs store only the box around the segment."""
    _, ct = written(tmp_path / "ct", "oblique")
    mask = a_mask(ct, (2, 2))
    write_mask(mask, tmp_path / "seg.dcm", ct)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    pixels = seg.pixel_array[:, 1:5, 2:7]
    axes = np.array(seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient)
    along_row, along_column = axes.astype(float).reshape(2, 3)
    for frame in seg.PerFrameFunctionalGroupsSequence:
        place = frame.PlanePositionSequence[0]
        moved = np.array(place.ImagePositionPatient, float) + along_column * 0.5 * 1 + along_row * 0.45 * 2
        place.ImagePositionPatient = [round(float(x), 8) for x in moved]
    seg.Rows, seg.Columns = pixels.shape[1:]
    bits = np.packbits(pixels.ravel().astype(np.uint8), bitorder="little")
    seg.PixelData = bits.tobytes() + b"\0" * (len(bits) % 2)
    seg.save_as(tmp_path / "box.dcm")
    read = read_mask(tmp_path / "box.dcm", ct)
    np.testing.assert_array_equal(read.voxels, mask.voxels)
    assert isinstance(read, Volume)
