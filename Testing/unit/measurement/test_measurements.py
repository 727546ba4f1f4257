import csv
import json

import nibabel as nib
import numpy as np
import pytest
from measurement_shapes import affine_of, cuboid, ellipsoid, ellipsoid_matrix

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

LESION_KEYS = {"id", "label", "volume_ml", "centroid_mm", "slices", "tada"}
TADA_KEYS = {
    "applicable", "reason", "a_mm", "b_mm", "c_mm", "volume_ml", "abc2_ml", "slice_index", "a_ends_mm",
    "b_ends_mm", "c_kothari_mm", "volume_kothari_ml", "abc2_kothari_ml", "two_thirds_sh_ml",
}  # fmt: skip


def test_an_empty_mask_is_a_result():
    measured = measure(Volume(np.zeros((5, 8, 8), np.uint8), np.eye(4)))
    assert measured.total_volume_ml == 0.0
    assert measured.lesions == () and measured.subtypes == {} and measured.warnings == ()
    assert measured.tada_total_ml is None and measured.tada_total_reason == "There is no lesion."


@pytest.mark.parametrize("shape", [(1, 30, 30), (300, 12, 12), (20, 1, 1)])
def test_masks_of_any_number_of_slices_are_measured(shape):
    measured = measure(Volume(np.full(shape, 2, np.uint8), np.eye(4)))
    assert measured.total_volume_ml == pytest.approx(np.prod(shape) / 1000)
    assert measured.lesions[0].slices == (0, shape[0] - 1)


def test_each_subtype_has_its_own_volume_and_all_add_up():
    voxels = np.zeros((6, 40, 40), np.uint8)
    for value in range(1, 7):
        voxels[1:5, 2:4, 6 * value : 6 * value + value // 2 + 1] = value
    measured = measure(Volume(voxels, affine_of((0.5, 0.5, 5))))
    assert measured.subtypes == {
        "intraparenchymal": pytest.approx(0.02),
        "intraventricular": pytest.approx(0.02),
        "subarachnoid": pytest.approx(0.03),
        "subdural": pytest.approx(0.03),
        "epidural": pytest.approx(0.04),
    }
    assert measured.total_volume_ml == pytest.approx(0.01 + sum(measured.subtypes.values()))


def test_a_mask_without_subtypes_names_none():
    measured = measure(cuboid((5, 20, 20), np.s_[1:4, 3:12, 3:12], value=1))
    assert measured.subtypes == {}
    assert measured.lesions[0].label == "hemorrhage"


def test_measurements_become_plain_json():
    voxels = np.zeros((6, 30, 30), np.uint8)
    voxels[1:5, 2:12, 2:12], voxels[1:5, 15:25, 15:20] = 2, 4

    written = measure(Volume(voxels, affine_of((1, 1, 5)))).to_dict()

    assert json.loads(json.dumps(written, allow_nan=False)) == written
    assert written["coordinate_system"] == "RAS" and written["slice_axis"] == 0
    assert written["total_volume_ml"] == pytest.approx(3.0)
    for lesion in written["lesions"]:
        assert set(lesion) == LESION_KEYS and set(lesion["tada"]) == TADA_KEYS
    assert np.shape(written["lesions"][0]["tada"]["a_ends_mm"]) == (2, 3)
    assert written["lesions"][0]["slices"] == [1, 4]


def test_the_same_mask_measures_the_same_twice():
    voxels = (np.random.default_rng(5).random((6, 30, 30)) < 0.2).astype(np.uint8) * 2
    mask = Volume(voxels, affine_of((0.45, 0.45, 5)))
    assert measure(mask) == measure(mask)


def test_a_large_lesion_on_300_thin_slices_has_its_analytic_volume():
    affine = affine_of((0.5, 0.5, 0.5))
    lesion, _ = ellipsoid((170, 130, 110), affine, ellipsoid_matrix((25, 30, 40), np.eye(3)))
    mask = cuboid((300, 512, 512), np.s_[60:230, 200:330, 250:360], lesion.voxels, affine)
    measured = measure(mask)
    assert measured.total_volume_ml == pytest.approx(4 / 3 * np.pi * 40 * 30 * 25 / 1000, rel=0.001)


def test_real_hematomas_are_estimated_as_far_off_as_at_the_bedside(shared_data):
    # Silver masks of the training cases. Counting slices makes Tada's depth too long, Kothari's too short.
    with (shared_data / "cases.csv").open() as table:
        cases = [row["case"] for row in csv.DictReader(table) if row["case"].startswith("phe_sich/")]
    ratios = []
    for case in cases[:20]:
        image = nib.load(shared_data / f"{case}_ich_silver.nii.gz")
        mask = Volume(np.asarray(image.dataobj).transpose(2, 1, 0), image.affine)
        measured = measure(mask)
        kothari = sum(lesion.tada.volume_kothari_ml or 0 for lesion in measured.lesions)
        assert measured.total_volume_ml == pytest.approx(
            np.count_nonzero(mask.voxels) * mask.grid.voxel_volume_mm3 / 1000
        )
        ratios.append((measured.tada_total_ml / measured.total_volume_ml, kothari / measured.total_volume_ml))
    counted, weighted = np.median(ratios, axis=0)
    assert 1.0 < counted < 1.4
    assert 0.6 < weighted < 1.0
