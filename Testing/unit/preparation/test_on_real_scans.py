"""Training scans only; hematoma masks are silver (see the data's own notes)."""

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from ICHSegmentationLib.preparation.checks import check_ct
from ICHSegmentationLib.preparation.intracranial import intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import CTVolume


def read(path):
    image = nibabel.load(path)
    return CTVolume(np.ascontiguousarray(np.asarray(image.dataobj).T), image.affine)


def region_of(ct):
    order = Reorientation.of(ct.grid)
    found = intracranial_region(order.apply(ct.voxels), order.grid.spacing)
    assert found.warnings == ()
    return order.undo(found.mask)


def millilitres(mask, ct):
    return np.count_nonzero(mask) * ct.grid.voxel_volume_mm3 / 1000


@pytest.mark.parametrize("case", ["0001", "0044", "0071", "0133"])
def test_every_hematoma_voxel_lies_inside_the_skull(shared_data, case):
    ct = read(shared_data / "phe_sich" / f"{case}_ct.nii.gz")
    hematoma = read(shared_data / "phe_sich" / f"{case}_ich_silver.nii.gz").voxels > 0
    region = region_of(ct)
    assert np.count_nonzero(hematoma & region) >= 0.999 * np.count_nonzero(hematoma)
    assert 800 < millilitres(region, ct) < 1900
    assert check_ct(ct) == []


def ring_filled(hu):
    """What the bone of a slice ``[H, W]`` encloses without a gap: its widest part, bone taken out."""
    holes = ndimage.binary_fill_holes(hu > 200) & (hu <= 200)
    pieces, _ = ndimage.label(holes)
    return pieces == np.bincount(pieces.ravel())[1:].argmax() + 1


# Slices (0-based) above the orbits where epidural or subdural blood lies on an unbroken inner table.
@pytest.mark.parametrize(
    "case, slices", [("052", (15, 18)), ("070", (16, 25)), ("071", (15, 28)), ("074", (17, 24))]
)
def test_extra_axial_blood_lies_inside_up_to_the_inner_table(shared_data, case, slices):
    ct = read(shared_data / "physionet_ct_ich" / f"{case}_ct.nii.gz")
    region = region_of(ct)
    assert 800 < millilitres(region, ct) < 1900
    assert check_ct(ct) == []
    for k in range(*slices):
        inside = ring_filled(ct.voxels[k])
        assert np.count_nonzero(inside & region[k]) >= 0.998 * np.count_nonzero(inside)


@pytest.mark.parametrize("case, slices", [("049", (26, 27)), ("068", (11, 15)), ("103", (16, 20))])
def test_a_skull_opened_by_surgery_sinuses_or_air_is_followed(shared_data, case, slices):
    region = region_of(ct := read(shared_data / "physionet_ct_ich" / f"{case}_ct.nii.gz"))
    areas = region.sum(axis=(1, 2))
    first, last = slices[0] - 1, slices[1]
    expected = np.interp(np.arange(*slices), (first, last), (areas[first], areas[last]))
    np.testing.assert_allclose(areas[slice(*slices)], expected, rtol=0.1)
    assert 800 < millilitres(region, ct) < 1900
