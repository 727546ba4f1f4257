import numpy as np
import pytest
import SimpleITK as sitk
from measurement_shapes import affine_of, cuboid
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.errors import GeometryError
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

A_TURN = Rotation.from_euler("xyz", [12, -20, 33], degrees=True).as_matrix()


def as_itk_image(mask):
    """The same mask for SimpleITK, whose patient coordinates point left and posterior."""
    to_lps = np.diag([-1.0, -1.0, 1.0])
    spacing = np.linalg.norm(mask.affine[:3, :3], axis=0)
    image = sitk.GetImageFromArray(mask.voxels)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin((to_lps @ mask.affine[:3, 3]).tolist())
    image.SetDirection((to_lps @ (mask.affine[:3, :3] / spacing)).ravel().tolist())
    return image


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (-1, -1, 1), (1, -1, -1)])
def test_volume_and_centroid_agree_with_simpleitk_on_an_oblique_grid(flips):
    rng = np.random.default_rng(3)
    voxels = np.zeros((9, 30, 25), np.uint8)
    voxels[2:7, 5:20, 4:18] = rng.random((5, 15, 14)) < 0.8
    mask = Volume(voxels, affine_of((0.45, 0.6, 5), A_TURN, flips, origin=(-90, 40, 12)))

    lesion = measure(mask).lesions[0]

    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(sitk.ConnectedComponent(as_itk_image(mask), True))
    largest = max(shape.GetLabels(), key=shape.GetNumberOfPixels)
    x, y, z = shape.GetCentroid(largest)
    assert lesion.volume_ml == pytest.approx(shape.GetPhysicalSize(largest) / 1000, rel=1e-9)
    assert lesion.centroid_mm == pytest.approx((-x, -y, z), abs=1e-6)


def test_a_tilted_gantry_does_not_change_the_volume_of_a_voxel():
    # Columns 1 mm, rows 1 mm, slices 5 mm apart along the normal; each slice slides 2 mm to the front.
    sheared = np.eye(4)
    sheared[:3, 2] = (0, 2, 5)
    mask = cuboid((6, 20, 20), np.s_[1:5, 4:14, 4:14], affine=sheared)

    measured = measure(mask)

    # 4 x 10 x 10 voxels of 1 x 1 x 5 mm = 2000 mm³; the slanted slice step of 5.39 mm plays no part.
    assert measured.total_volume_ml == pytest.approx(2.0)
    assert measured.lesions[0].tada.c_mm == pytest.approx(20)


def test_a_shear_within_the_slice_counts_by_the_determinant():
    sheared = np.diag([2.0, 3.0, 4.0, 1.0])
    sheared[0, 1] = 1.5
    assert measure(cuboid((3, 9, 9), np.s_[1:2, 1:6, 1:6], affine=sheared)).total_volume_ml == pytest.approx(
        25 * 2 * 3 * 4 / 1000
    )


@pytest.mark.parametrize(
    "positions", [[0, 5, 10, 13, 14], [14, 9, 4, 1, 0], [100, 105, 110, 113, 114]], ids=str
)
def test_uneven_slices_each_count_with_half_the_distances_to_their_neighbours(positions):
    # Thicknesses by hand: 5, (5+5)/2 = 5, (5+3)/2 = 4, (3+1)/2 = 2, 1 mm.
    mask = cuboid((5, 20, 20), np.s_[1:5, 4:14, 4:14], affine=np.diag([1.0, 1.0, 5.0, 1.0]))

    lesion = measure(mask, slice_positions_mm=positions).lesions[0]

    assert lesion.volume_ml == pytest.approx(100 * (5 + 4 + 2 + 1) / 1000)
    assert lesion.tada.c_mm == pytest.approx(5 + 4 + 2 + 1)
    # Slices 1..4 lie 5, 10, 13 and 14 mm above the first; weighted by thickness: 143 / 12 mm.
    assert lesion.centroid_mm[2] == pytest.approx((5 * 5 + 4 * 10 + 2 * 13 + 1 * 14) / 12)


def test_uneven_sagittal_slices_stretch_lengths_within_the_axial_slice():
    # Array axis 0 runs to the patient's right; rows run down, columns backward, 1 mm each.
    sagittal = np.zeros((4, 4))
    sagittal[:3, 0], sagittal[:3, 1], sagittal[:3, 2] = (0, -1, 0), (0, 0, -1), (4, 0, 0)
    sagittal[3, 3] = 1
    mask = cuboid((5, 30, 20), np.s_[1:4, 5:15, 4:7], affine=sagittal)

    # Slices 1..3 stand for 3, 5 and 7 mm: 15 mm wide, 3 mm deep, 10 mm high.
    measured = measure(mask, slice_positions_mm=[0, 2, 6, 12, 20])

    assert measured.slice_axis == 1
    assert measured.total_volume_ml == pytest.approx(15 * 3 * 10 / 1000)
    assert measured.lesions[0].tada.a_mm == pytest.approx(np.hypot(15, 3))
    assert measured.lesions[0].tada.c_mm == pytest.approx(10)
    # They lie 2, 6 and 12 mm to the right of the first.
    assert measured.lesions[0].centroid_mm[0] == pytest.approx((3 * 2 + 5 * 6 + 7 * 12) / 15)


def test_uneven_coronal_slices_shift_the_centroid_by_their_thickness():
    # Array axis 0 runs backward; rows run down, columns to the left, 1 mm each.
    coronal = np.zeros((4, 4))
    coronal[:3, 0], coronal[:3, 1], coronal[:3, 2] = (-1, 0, 0), (0, 0, -1), (0, -4, 0)
    coronal[3, 3] = 1
    mask = cuboid((5, 30, 20), np.s_[1:4, 5:15, 4:7], affine=coronal)

    measured = measure(mask, slice_positions_mm=[0, 2, 6, 12, 20])

    assert measured.total_volume_ml == pytest.approx(15 * 3 * 10 / 1000)
    assert measured.lesions[0].centroid_mm == pytest.approx((-5, -(3 * 2 + 5 * 6 + 7 * 12) / 15, -9.5))


@pytest.mark.parametrize(
    "positions", [[0, 5, 10], [0, 5, 5, 10, 15], [0, 5, 4, 10, 15], [[0, 5, 10, 15, 20]]]
)
def test_slice_positions_that_do_not_fit_the_mask_are_refused(positions):
    with pytest.raises(GeometryError, match="5 slice positions"):
        measure(cuboid((5, 6, 6), np.s_[1:3, 2:4, 2:4]), slice_positions_mm=positions)
