import numpy as np
import pytest
from measurement_shapes import IPH
from scipy import ndimage

from ICHSegmentationLib.errors import UnknownLabelError
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.settings import MeasurementSettings
from ICHSegmentationLib.volume import Volume


@pytest.mark.parametrize(("connectivity", "touching"), [(6, 1), (18, 2), (26, 3)])
def test_lesions_agree_with_scipy(connectivity, touching):
    voxels = np.random.default_rng(0).random((8, 14, 12)) < 0.12
    numbered, count = ndimage.label(voxels, ndimage.generate_binary_structure(3, touching))

    lesions = measure(
        Volume(voxels.astype(np.uint8) * IPH, np.eye(4)), MeasurementSettings(0.1, connectivity)
    ).lesions

    sizes = ndimage.sum_labels(voxels, numbered, range(1, count + 1))
    assert [lesion.volume_ml for lesion in lesions] == pytest.approx(sorted(sizes / 1000, reverse=True))
    centres = ndimage.center_of_mass(voxels, numbered, range(1, count + 1))
    expected = sorted(tuple(np.round(centre[::-1], 6)) for centre in centres)
    assert sorted(tuple(np.round(lesion.centroid_mm, 6)) for lesion in lesions) == expected


def test_the_largest_lesion_is_number_one():
    voxels = np.zeros((4, 20, 20), np.uint8)
    voxels[1, 1:3, 1:3], voxels[1:3, 8:14, 8:14], voxels[1, 17:20, 1:4] = IPH, IPH, IPH
    lesions = measure(Volume(voxels, np.eye(4))).lesions
    assert [(lesion.id, lesion.volume_ml) for lesion in lesions] == [(1, 0.072), (2, 0.009), (3, 0.004)]


def test_lesions_of_different_labels_are_separate_where_they_touch():
    voxels = np.zeros((3, 8, 8), np.uint8)
    voxels[1, 2:6, 2:4], voxels[1, 2:6, 4:7] = 2, 3
    lesions = measure(Volume(voxels, np.eye(4))).lesions
    assert [(lesion.label, lesion.volume_ml) for lesion in lesions] == [
        ("intraventricular", 0.012),
        ("intraparenchymal", 0.008),
    ]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.float32])
def test_masks_of_any_number_type_are_read(kind):
    voxels = np.zeros((3, 8, 8), kind)
    voxels[1, 2:6, 2:4] = 5
    assert measure(Volume(voxels, np.eye(4))).subtypes == {"subdural": pytest.approx(0.008)}


@pytest.mark.parametrize("value", [7, -1, 1.5, np.nan, 258])
def test_a_value_that_is_no_label_is_named(value):
    voxels = np.zeros((3, 4, 4), np.float32)
    voxels[1, 1, 1], voxels[1, 2, 2] = 1, value
    with pytest.raises(UnknownLabelError, match=f"{value:g}, which is no label"):
        measure(Volume(voxels, np.eye(4)))
