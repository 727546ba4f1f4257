import csv
from dataclasses import replace

import nibabel
import numpy as np
import pytest

from Training.default_model.prepare import prepare
from Training.default_model.recipe import DEFAULT
from Training.default_model.sampling import load_samples

AFFINE = np.diag([-1.5, -1.5, 5.0, 1.0])
STAGE = replace(DEFAULT.coarse, spacing_mm=(5.0, 1.5, 1.5))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A head with a drawn hematoma and, under the skull, a bright sinus that nobody drew."""
    folder = tmp_path_factory.mktemp("data")
    z, y, x = (np.indices((20, 150, 120)).T - (9.5, 74.5, 59.5)).T * np.array([5, 1.5, 1.5])[
        :, None, None, None
    ]
    head = np.sqrt((z / 70) ** 2 + (y / 95) ** 2 + (x / 76) ** 2)
    hu = np.where(head < 0.93, 32, np.where(head < 1, 1000, -1000)).astype(np.int16)
    blood = z**2 + y**2 + (x - 20) ** 2 < 16**2
    hu[blood] = 65
    hu[(np.abs(x) < 4) & (y > 76) & (head < 0.93)] = 62
    for name, voxels in (("ct", hu), ("ich_silver", blood.astype(np.uint8))):
        nibabel.Nifti1Image(voxels.transpose(2, 1, 0), AFFINE).to_filename(folder / f"one_{name}.nii.gz")
    with (folder / "cases.csv").open("w", newline="") as stream:
        columns = ["case", "split", "hemorrhage", "subtypes", "ich_slices"]
        csv.writer(stream).writerows([columns, ["one", "train", "1", "IPH", ""]])
    prepare(folder, folder / "samples", [STAGE], {}, 0, processes=1)
    return load_samples(folder / "samples" / "coarse")[0]


def test_patches_are_centred_on_the_hemorrhage_and_less_often_on_what_looks_like_it(sample):
    at_centres = sample.target[tuple(sample.foreground.T)]
    mimics = sample.foreground[at_centres == 0]
    assert set(np.unique(at_centres)) == {0, 1}
    assert 0 < len(mimics) <= 0.25 * (at_centres == 1).sum()
    hu = sample.image[tuple(mimics.T)] / 2 - 20
    assert hu.min() > 45


def test_a_drawn_hematoma_is_the_target(sample):
    volume_ml = (sample.target == 1).sum() * 5 * 1.5 * 1.5 / 1000
    assert volume_ml == pytest.approx(4 / 3 * np.pi * 1.6**3, rel=0.08)
