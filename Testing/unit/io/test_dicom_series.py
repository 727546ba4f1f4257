import numpy as np
import pytest
import SimpleITK as sitk
from dicom_maker import enhanced_dataset, head_series, slice_dataset, write_series
from io_grids import RAS_LPS
from pydicom.uid import generate_uid

from ICHSegmentationLib.errors import (
    EmptyFolderError,
    GeometryError,
    NotAnImageError,
    NotHounsfieldError,
    NotThreeDimensionalError,
    SeveralSeriesError,
    WrongModalityError,
)
from ICHSegmentationLib.io import read_ct

CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
OBLIQUE = tuple(np.round([np.cos(0.2), np.sin(0.2), 0, -np.sin(0.2) * np.cos(0.3), np.cos(0.2) * np.cos(0.3),
                          np.sin(0.3)], 12))  # fmt: skip
TILTED = (1, 0, 0, 0, np.cos(np.radians(20)), -np.sin(np.radians(20)))


def assert_places(ct, series):
    """Each pixel of each slice lies where its own DICOM header puts it."""
    rows, columns = np.array(series.orientation[3:]), np.array(series.orientation[:3])
    between_rows, between_columns = series.pixel_spacing
    for index in [(0, 0, 0), (len(series.stored) - 1, 5, 6), (1, 0, 6)]:
        k, j, i = index
        lps = series.positions[k] + columns * between_columns * i + rows * between_rows * j
        np.testing.assert_allclose(ct.grid.world(np.array(index)), np.diag(RAS_LPS)[:3] * lps, atol=1e-3)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, 1, 0), CORONAL, SAGITTAL, OBLIQUE])
def test_every_pixel_is_where_its_header_puts_it(tmp_path, orientation):
    series = head_series(orientation=orientation)
    write_series(series, tmp_path)
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert ct.voxels.dtype == np.int16
    assert_places(ct, series)
    assert ct.warnings == ()
    assert ct.slice_positions_mm is None


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), OBLIQUE])
def test_simpleitk_reads_the_same_volume(tmp_path, orientation):
    write_series(head_series(orientation=orientation), tmp_path)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image, ct = reader.Execute(), read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(ct.grid.spacing[::-1], image.GetSpacing(), atol=1e-6)
    place = image.TransformIndexToPhysicalPoint((6, 5, 4))
    np.testing.assert_allclose(ct.grid.world(np.array([4, 5, 6])), np.diag(RAS_LPS)[:3] * place, atol=1e-4)


def test_slices_are_ordered_by_position_and_not_by_name_or_number(tmp_path):
    series = head_series()
    names = ["9.dcm", "zz", "a.dcm", "sub.IMA", "10.dcm"]

    def renumber(dataset, index):
        dataset.InstanceNumber = (7, 3, 9, 1, 5)[index]

    write_series(series, tmp_path, names, renumber)
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)


def test_a_series_taken_downwards_is_turned_upwards(tmp_path):
    series = head_series()
    series.stored, series.positions = series.stored[::-1], series.positions[::-1]
    write_series(series, tmp_path)
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu[::-1])
    assert ct.affine[2, 2] == pytest.approx(5)


def test_each_slice_has_its_own_rescale(tmp_path):
    series = head_series()
    slopes, intercepts = [1, 2, 1, 1, 0.5], [-1024, -2048, 0, -1000, -10]

    def rescale(dataset, index):
        dataset.RescaleSlope, dataset.RescaleIntercept = slopes[index], intercepts[index]

    write_series(series, tmp_path, change=rescale)
    expected = series.stored * np.reshape(slopes, (5, 1, 1)) + np.reshape(intercepts, (5, 1, 1))
    np.testing.assert_allclose(read_ct(tmp_path).voxels, expected)


def test_files_that_are_no_dicom_and_objects_without_pixels_are_ignored(tmp_path):
    series = head_series()
    write_series(series, tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / "VERSION").write_bytes(b"")
    report = slice_dataset(series, 0)
    report.Modality = "SR"
    for name in ("Rows", "Columns", "PixelData"):
        delattr(report, name)
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert ct.warnings == ()


def test_slices_in_subfolders_and_copies_of_a_file_are_one_volume(tmp_path):
    series = head_series()
    paths = write_series(series, tmp_path / "A")
    paths[4].rename(tmp_path / "last.dcm")
    (tmp_path / "copy.dcm").write_bytes(paths[1].read_bytes())
    np.testing.assert_array_equal(read_ct(tmp_path).voxels, series.hu)


def test_gantry_tilt_gives_a_sheared_grid_and_a_warning_with_the_degrees(tmp_path):
    series = head_series()
    series.orientation = TILTED
    write_series(series, tmp_path)
    ct = read_ct(tmp_path)
    assert_places(ct, series)
    assert ct.grid.tilt_degrees == pytest.approx(20, abs=1e-3)
    assert ct.grid.voxel_volume_mm3 == pytest.approx(0.45 * 0.5 * 5 * np.cos(np.radians(20)))
    assert "20.0 degrees" in ct.warnings[0]


def test_a_missing_slice_is_told_and_the_positions_are_kept(tmp_path):
    write_series(head_series(slices=8), tmp_path)[3].unlink()
    ct = read_ct(tmp_path)
    assert ct.voxels.shape[0] == 7
    np.testing.assert_allclose(ct.slice_positions_mm, [0, 5, 10, 20, 25, 30, 35])
    assert ct.grid.slice_distance == pytest.approx(5)
    assert "1 slice is missing" in ct.warnings[0]


def test_uneven_spacing_is_told_and_the_positions_are_kept(tmp_path):
    series = head_series(slices=7)
    along = np.array([0, 2.5, 5, 7.5, 12, 16.5, 21])
    series.positions = series.positions[0] + along[:, np.newaxis] * [0, 0, 1]
    write_series(series, tmp_path)
    ct = read_ct(tmp_path)
    np.testing.assert_allclose(ct.slice_positions_mm, along)
    assert "2.5 to 4.5 mm" in ct.warnings[0]


def test_rounding_in_the_positions_is_no_uneven_spacing(tmp_path):
    series = head_series(slices=7)
    series.positions = series.positions + np.random.default_rng(0).uniform(-0.005, 0.005, (7, 3))
    write_series(series, tmp_path)
    ct = read_ct(tmp_path)
    assert ct.slice_positions_mm is None
    assert ct.warnings == ()


def test_two_series_are_named(tmp_path):
    thick, thin = (head_series(slices=n, extra={"SeriesNumber": n}) for n in (5, 9))
    write_series(thick, tmp_path / "a")
    write_series(thin, tmp_path / "b")
    with pytest.raises(SeveralSeriesError) as caught:
        read_ct(tmp_path)
    for part in ("number 5, 5 slices", thick.uid, "number 9, 9 slices", thin.uid):
        assert part in str(caught.value)


@pytest.mark.parametrize("image_type", [("ORIGINAL", "PRIMARY", "LOCALIZER"), ("ORIGINAL", "PRIMARY")])
@pytest.mark.parametrize("same_series", [True, False])
def test_scouts_are_left_out_with_a_warning(tmp_path, image_type, same_series):
    series = head_series()
    scouts = head_series(slices=2, orientation=SAGITTAL, image_type=image_type, description="Topogram")
    if same_series:
        scouts.uid = series.uid
    write_series(series, tmp_path / "head")
    write_series(scouts, tmp_path / "scout")
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert ct.warnings == ("2 scout images were left out.",)


@pytest.mark.parametrize("degrees", [3, 30])
@pytest.mark.parametrize("turned", [(4,), (2, 3)])
def test_slices_of_the_head_that_are_turned_a_little_are_no_scouts_but_told(tmp_path, turned, degrees):
    angle = np.radians(degrees)

    def tilt(dataset, index):
        if index in turned:
            dataset.ImageOrientationPatient = [1, 0, 0, 0, np.cos(angle).round(9), np.sin(angle).round(9)]

    write_series(head_series(slices=6), tmp_path, change=tilt)
    with pytest.raises(GeometryError, match=f"by up to {degrees} degrees") as caught:
        read_ct(tmp_path)
    for index in turned:
        assert f"IM{index:04d}.dcm" in str(caught.value)


def test_slices_turned_within_their_plane_are_told(tmp_path):
    write_series(head_series(), tmp_path, change=_turn_the_last)
    with pytest.raises(GeometryError, match=r"found 1 that are turned by up to 90 degrees.*IM0004"):
        read_ct(tmp_path)


def _turn_the_last(dataset, index):
    if index == 4:
        dataset.ImageOrientationPatient = [0, 1, 0, -1, 0, 0]


def test_a_short_series_tilted_against_the_head_is_a_second_series(tmp_path):
    write_series(head_series(), tmp_path / "head")
    write_series(head_series(slices=2, orientation=TILTED), tmp_path / "few")
    with pytest.raises(SeveralSeriesError, match="2 slices"):
        read_ct(tmp_path)


def test_scouts_alone_are_no_scan(tmp_path):
    write_series(head_series(slices=2, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")), tmp_path)
    with pytest.raises(GeometryError, match="only scouts"):
        read_ct(tmp_path)


def test_another_modality_is_told_and_left_out_beside_a_ct(tmp_path):
    write_series(head_series(modality="MR"), tmp_path)
    with pytest.raises(WrongModalityError, match="5 of modality MR"):
        read_ct(tmp_path)
    series = head_series()
    write_series(series, tmp_path / "ct")
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert "5 of modality MR" in ct.warnings[0]


def test_a_folder_without_dicom_files_is_told(tmp_path):
    with pytest.raises(EmptyFolderError, match="no file at all"):
        read_ct(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(EmptyFolderError, match=r"notes\.txt"):
        read_ct(tmp_path)


def test_a_single_slice_is_a_volume_in_a_folder_but_a_mistake_as_a_file(tmp_path):
    path = write_series(head_series(slices=1), tmp_path)[0]
    ct = read_ct(tmp_path)
    assert ct.voxels.shape == (1, 6, 7)
    assert ct.grid.spacing == pytest.approx((5, 0.5, 0.45))
    assert "only one slice" in ct.warnings[0]
    with pytest.raises(NotThreeDimensionalError, match="folder"):
        read_ct(path)


@pytest.mark.parametrize("shift", [(0, 0, 0), (30, 0, 0)])
def test_slices_at_the_same_place_form_no_volume(tmp_path, shift):
    series = head_series()
    series.positions[3] = series.positions[2] + shift
    write_series(series, tmp_path)
    with pytest.raises(GeometryError, match="found 1 more"):
        read_ct(tmp_path)


def test_slices_beside_each_other_form_no_volume(tmp_path):
    series = head_series()
    series.positions[2] += [8, 0, 0]
    write_series(series, tmp_path)
    with pytest.raises(GeometryError, match=r"8\.0 mm beside"):
        read_ct(tmp_path)


def test_slices_of_different_pixel_spacing_form_no_volume(tmp_path):
    def enlarge(dataset, index):
        dataset.PixelSpacing = [0.5, 0.45 + 0.1 * (index == 2)]

    write_series(head_series(), tmp_path, change=enlarge)
    with pytest.raises(GeometryError, match="one size"):
        read_ct(tmp_path)


def test_images_without_a_position_are_no_slices(tmp_path):
    def forget(dataset, index):
        del dataset.ImagePositionPatient

    write_series(head_series(), tmp_path, change=forget)
    with pytest.raises(GeometryError, match="5 images without"):
        read_ct(tmp_path)
    series = head_series()
    write_series(series, tmp_path / "head")
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert "5 pictures" in ct.warnings[0]


def test_values_that_the_header_says_are_not_hu_are_told(tmp_path):
    def relabel(dataset, index):
        dataset.RescaleType = "Z_EFF"

    write_series(head_series(), tmp_path, change=relabel)
    with pytest.raises(NotHounsfieldError, match="Z_EFF"):
        read_ct(tmp_path)


def test_a_missing_rescale_is_told(tmp_path):
    def forget(dataset, index):
        del dataset.RescaleSlope, dataset.RescaleIntercept

    series = head_series()
    write_series(series, tmp_path, change=forget)
    ct = read_ct(tmp_path)
    np.testing.assert_array_equal(ct.voxels, series.stored)
    assert "rescale" in ct.warnings[0]


def test_an_enhanced_multi_frame_ct_is_read_from_its_file_or_folder(tmp_path):
    series = head_series(orientation=OBLIQUE)
    enhanced_dataset(series, order=[2, 0, 4, 1, 3]).save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    for path in (tmp_path / "ct.dcm", tmp_path):
        ct = read_ct(path)
        np.testing.assert_array_equal(ct.voxels, series.hu)
        assert_places(ct, series)


def test_an_enhanced_ct_made_by_another_library_is_read(tmp_path):
    legacy = pytest.importorskip("highdicom.legacy")
    series = head_series()

    def complete(dataset, index):
        for name in ("StudyID", "SeriesDate", "StudyDate", "StudyTime", "SeriesTime", "AccessionNumber"):
            setattr(dataset, name, {"D": "20200101", "T": "120000"}.get(name[-4].upper(), ""))
        dataset.SeriesNumber, dataset.PatientBirthDate, dataset.PatientSex = 1, "", ""
        dataset.Manufacturer, dataset.PatientPosition = "", "HFS"
        dataset.ReferringPhysicianName = ""

    slices = [slice_dataset(series, index) for index in range(5)]
    for index, dataset in enumerate(slices):
        complete(dataset, index)
    converted = legacy.LegacyConvertedEnhancedCTImage(slices, generate_uid(), 2, generate_uid(), 1)
    converted.save_as(tmp_path / "ct.dcm")
    ct = read_ct(tmp_path / "ct.dcm")
    np.testing.assert_array_equal(ct.voxels, series.hu)
    assert_places(ct, series)


def test_a_damaged_file_is_named(tmp_path):
    paths = write_series(head_series(), tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-30])
    with pytest.raises(NotAnImageError, match="IM0002"):
        read_ct(tmp_path)


def test_real_tilted_slices_shear_the_grid(shared_data):
    ct = read_ct(shared_data / "dicom_odd" / "gantrytilting")
    assert ct.voxels.shape == (4, 512, 512)
    assert ct.grid.tilt_degrees == pytest.approx(14, abs=0.01)
    assert ct.grid.voxel_volume_mm3 == pytest.approx(0.41796875**2 * 5 * np.cos(np.radians(14)), rel=1e-4)
    assert "14.0 degrees" in ct.warnings[0]


def test_real_uneven_slices_keep_their_positions(shared_data):
    ct = read_ct(shared_data / "dicom_odd" / "sliceincrement")
    np.testing.assert_allclose(ct.slice_positions_mm, [0, 5, 10, 20], atol=1e-4)
    assert "missing" in ct.warnings[0]


def test_real_slices_all_at_one_place_form_no_volume(shared_data):
    with pytest.raises(GeometryError, match="4 at the same place"):
        read_ct(shared_data / "dicom_odd" / "notavolume")
