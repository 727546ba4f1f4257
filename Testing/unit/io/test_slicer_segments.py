import logging

import numpy as np
import pytest
import SimpleITK as sitk
from io_grids import GRIDS, SHAPE, labels

from ICHSegmentationLib.errors import GridMismatchError, NotAnImageError, UnknownLabelError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.labels import LABELS
from ICHSegmentationLib.volume import CTVolume, Volume

UNTYPED = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^85756007^Tissue~"
    "SCT^85756007^Tissue~^^~Anatomic codes - DICOM master list~^^~^^"
)
BLEED_IN_VENTRICLE = (
    "Segmentation category and type - DICOM master list~SCT^49755003^Morphologically Altered Structure~"
    "SCT^50960005^Hemorrhage~^^~Anatomic codes - DICOM master list~SCT^35764002^Brain ventricle~^^"
)
EDEMA = UNTYPED.replace("SCT^85756007^Tissue~^^", "SCT^79654002^Edema~^^")


def save(path, array, *segments):
    """A segmentation as Slicer saves it: (name, value, layer, terminology) for each segment."""
    nrrd = pytest.importorskip("nrrd")
    header = {"space": "left-posterior-superior", "space origin": [0, 0, 0]}
    directions = np.diag([0.45, 0.5, 5.0])
    if array.ndim == 4:
        header["space directions"] = np.vstack([np.full(3, np.nan), directions])
        header["kinds"] = ["list", "domain", "domain", "domain"]
    else:
        header["space directions"] = directions
        header["kinds"] = ["domain"] * 3
    for number, (name, value, layer, terminology) in enumerate(segments):
        header |= {
            f"Segment{number}_ID": f"Segment_{number + 1}",
            f"Segment{number}_Name": name,
            f"Segment{number}_LabelValue": str(value),
            f"Segment{number}_Layer": str(layer),
            f"Segment{number}_Tags": f"Segmentation.Status:inprogress|TerminologyEntry:{terminology}|",
        }
    nrrd.write(str(path), array.T, header)
    return path


def header_of(path):
    """As another program reads it."""
    return pytest.importorskip("nrrd").read_header(str(path))


def test_each_label_becomes_a_segment_with_its_name_colour_and_terminology(tmp_path):
    write_mask(Volume(labels(), GRIDS["LPS"]), tmp_path / "mask.seg.nrrd")
    header = header_of(tmp_path / "mask.seg.nrrd")
    for number, label in enumerate(LABELS):
        assert header[f"Segment{number}_Name"] == label.name
        assert header[f"Segment{number}_LabelValue"] == str(label.value)
        assert header[f"Segment{number}_Layer"] == "0"
        colour = np.array(header[f"Segment{number}_Color"].split(), float)
        np.testing.assert_allclose(colour * 255, label.colour, atol=0.01)
        tags = header[f"Segment{number}_Tags"]
        assert (
            f"~SCT^50960005^Hemorrhage~^^~Anatomic codes - DICOM master list~SCT^{label.region.value}^"
            in tags
        )
    assert header["Segmentation_MasterRepresentation"] == "Binary labelmap"
    assert header["space"] == "left-posterior-superior"


def test_the_extent_of_a_segment_encloses_it(tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:3, 2:6, 4] = 3
    write_mask(Volume(mask, GRIDS["LPS"]), tmp_path / "mask.seg.nrrd")
    header = header_of(tmp_path / "mask.seg.nrrd")
    assert header["Segment0_Extent"] == "4 4 2 5 1 2"
    assert "Segment1_ID" not in header


def test_an_empty_mask_holds_one_empty_segment_to_draw_into(tmp_path):
    write_mask(Volume(np.zeros(SHAPE, np.uint8), GRIDS["LPS"]), tmp_path / "mask.seg.nrrd")
    header = header_of(tmp_path / "mask.seg.nrrd")
    assert header["Segment0_Name"] == "Hemorrhage"
    assert header["Segment0_Extent"] == "0 -1 0 -1 0 -1"


@pytest.mark.parametrize(
    ("name", "terminology", "expected"),
    [
        ("Subdural hemorrhage", UNTYPED, 5),
        ("SDH", UNTYPED, 5),
        ("epidural", "", 6),
        ("Bleed", BLEED_IN_VENTRICLE, 3),
        ("Bleed", BLEED_IN_VENTRICLE.replace("35764002^Brain ventricle", "1101003^Intracranial"), 1),
        ("Bleed", BLEED_IN_VENTRICLE.replace("SCT^35764002^Brain ventricle", "^^"), 1),
        ("Segment_1", UNTYPED, 1),
    ],
)
def test_a_segment_gets_the_label_its_name_or_terminology_says(tmp_path, name, terminology, expected):
    array = np.zeros(SHAPE, np.uint8)
    array[1:3] = 9  # Slicer numbers segments as it likes
    others = ("IPH", 4, 0, UNTYPED)
    mask = read_mask(save(tmp_path / "mask.seg.nrrd", array, others, (name, 9, 0, terminology)))
    np.testing.assert_array_equal(mask.voxels, np.where(array == 9, expected, 0))


def test_an_only_segment_with_any_name_is_hemorrhage_and_logged(tmp_path, caplog):
    array = np.zeros(SHAPE, np.uint8)
    array[1:3] = 1
    with caplog.at_level(logging.WARNING):
        mask = read_mask(save(tmp_path / "mask.seg.nrrd", array, ("left thing", 1, 0, UNTYPED)))
    np.testing.assert_array_equal(mask.voxels, array)
    assert "left thing" in caplog.text


def test_a_segment_of_something_else_is_told(tmp_path):
    array = np.ones(SHAPE, np.uint8)
    with pytest.raises(UnknownLabelError, match="Swelling"):
        read_mask(save(tmp_path / "only.seg.nrrd", array, ("Swelling", 1, 0, EDEMA)))
    with pytest.raises(UnknownLabelError, match="Skull"):
        read_mask(save(tmp_path / "two.seg.nrrd", array, ("IPH", 1, 0, UNTYPED), ("Skull", 2, 0, UNTYPED)))


def test_layers_are_joined_and_the_last_segment_wins_where_they_overlap(tmp_path):
    array = np.zeros((*SHAPE, 2), np.uint8)
    array[0:3, ..., 0] = 1
    array[2:4, ..., 1] = 1
    path = save(tmp_path / "mask.seg.nrrd", array, ("IPH", 1, 0, UNTYPED), ("IVH", 1, 1, UNTYPED))
    mask = read_mask(path)
    assert mask.voxels[:, 0, 0].tolist() == [2, 2, 3, 3, 0]
    assert sitk.ReadImage(str(path)).GetNumberOfComponentsPerPixel() == 2
    with pytest.raises(NotAnImageError, match="layers"):
        read_ct(path)


def test_a_segment_that_claims_the_background_is_damaged(tmp_path):
    """Else all of the scan but the hemorrhage would be taken for it."""
    array = np.zeros(SHAPE, np.uint8)
    array[1] = 1
    with pytest.raises(NotAnImageError, match="background"):
        read_mask(save(tmp_path / "mask.seg.nrrd", array, ("IPH", 0, 0, UNTYPED)))


def a_ct(affine):
    return CTVolume(np.zeros(SHAPE, np.int16), affine)


def boxed(mask, affine, first, last):
    """The box of a mask from one voxel to another (slice, row, column), with empty voxels beyond its edge."""
    wide = np.pad(mask, 9)[tuple(slice(a + 9, b + 9) for a, b in zip(first, last, strict=True))]
    moved = affine.copy()
    moved[:3, 3] = (affine @ [*first[::-1], 1])[:3]
    return Volume(wide, moved)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(
    ("first", "last"), [((1, 2, 3), (4, 6, 5)), ((-1, -2, -3), (9, 8, 7)), ((1, -2, 0), (4, 6, 9))]
)
def test_a_box_around_the_segments_is_placed_on_the_ct(tmp_path, grid, first, last):
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:4, 2:5, 3] = 5
    mask[2, 5, 4] = 2
    write_mask(boxed(mask, GRIDS[grid], first, last), tmp_path / "mask.seg.nrrd")
    ct = a_ct(GRIDS[grid])
    read = read_mask(tmp_path / "mask.seg.nrrd", ct)
    np.testing.assert_array_equal(read.voxels, mask)
    ct.require_same_grid(read)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("step", [1.0, 1.6])
@pytest.mark.parametrize(("first", "last"), [((0, 0, 0), SHAPE), ((3, 2, 3), (4, 6, 5))])
def test_uneven_slices_are_those_of_the_ct_whatever_distance_the_file_gives_them(
    tmp_path, grid, step, first, last
):
    """Slicer gives them their mean distance, we their median."""
    affine = GRIDS[grid]
    positions = np.array([0, 1, 2, 3, 6.4]) * Volume(np.zeros(SHAPE), affine).grid.slice_distance
    mask = np.zeros(SHAPE, np.uint8)
    mask[3, 2:5, 3] = 5
    written = affine.copy()
    written[:3, 2] *= step
    write_mask(boxed(mask, written, first, last), tmp_path / "mask.seg.nrrd")
    ct = CTVolume(np.zeros(SHAPE, np.int16), affine, slice_positions_mm=positions)
    read = read_mask(tmp_path / "mask.seg.nrrd", ct)
    np.testing.assert_array_equal(read.voxels, mask)
    assert ["evenly spaced slices" in warning for warning in read.warnings] == [True] * (step != 1)


def test_a_box_on_other_voxels_is_refused(tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:4, 2:5, 3] = 5
    affine = GRIDS["oblique"]
    box = boxed(mask, affine, (1, 2, 3), (4, 6, 5))
    half_a_voxel, other_spacing, turned = (box.affine.copy() for _ in range(3))
    half_a_voxel[:3, 3] += affine[:3, 0] / 2
    other_spacing[:3, 2] *= 1.01
    turned[:3, 0] *= -1
    for wrong in (half_a_voxel, other_spacing, turned):
        write_mask(Volume(box.voxels, wrong), tmp_path / "mask.seg.nrrd")
        with pytest.raises(GridMismatchError, match=r"grid \(5, 6, 7\)"):
            read_mask(tmp_path / "mask.seg.nrrd", a_ct(affine))


def test_hemorrhage_beyond_the_ct_is_refused(tmp_path):
    affine = GRIDS["LPS"]
    beyond = boxed(np.zeros(SHAPE, np.uint8), affine, (1, 2, 3), (7, 6, 5))
    beyond.voxels[-1] = 2
    write_mask(beyond, tmp_path / "mask.seg.nrrd")
    with pytest.raises(GridMismatchError, match="beyond its edge"):
        read_mask(tmp_path / "mask.seg.nrrd", a_ct(affine))


def test_only_a_slicer_segmentation_may_be_a_box(tmp_path):
    box = boxed(np.ones(SHAPE, np.uint8), GRIDS["LPS"], (1, 2, 3), (4, 6, 5))
    write_mask(box, tmp_path / "mask.nrrd")
    with pytest.raises(GridMismatchError):
        read_mask(tmp_path / "mask.nrrd", a_ct(GRIDS["LPS"]))
    with pytest.raises(GridMismatchError):
        read_mask(tmp_path / "mask.nrrd", a_ct(box.affine))  # its place, another shape
