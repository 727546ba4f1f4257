from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from test_sampling import STILL
from torch.testing import assert_close

from Training.default_model.patch_source import PatchSource
from Training.default_model.sampling import IGNORE, Sample
from Training.default_model.tilt import climbing, margin_of


@pytest.mark.parametrize("climb", [0.0, 0.7, -1.6, 2.0, -5.3])
def test_planes_climb_through_a_ramp_of_slices(climb: float):
    margin = margin_of(climb)
    ramp = torch.arange(6.0 + 2 * margin)[:, None, None].expand(-1, 9, 4)
    expected = torch.arange(6.0)[:, None] + margin + torch.linspace(-climb / 2, climb / 2, 9)
    assert_close(climbing(ramp, climb), expected[..., None].expand(-1, -1, 4))


def test_planes_are_those_of_scipys_shear():
    climb, height = 3.0, 7
    values = np.random.default_rng(0).random((10, height, 5)).astype(np.float32)
    slope = climb / (height - 1)
    shear = np.array([[1, slope, 0], [0, 1, 0], [0, 0, 1]])
    sheared = ndimage.affine_transform(values, shear, (-slope * (height - 1) / 2, 0, 0), order=1)
    assert_close(climbing(torch.from_numpy(values), climb), torch.from_numpy(sheared[2:-2]))


def test_image_and_target_of_a_patch_climb_together():
    target = np.zeros((16, 60, 60), np.uint8)
    target[8:] = 1
    target[15] = IGNORE
    sample = Sample("s", "g", (target > 0) * np.uint8(240), target, np.array([[8, 30, 30]], np.int16))
    always = replace(STILL, tilted_share=1.0, climb_slices=6.0)
    images, targets = PatchSource([sample], {"g": 1.0}, (8, 24, 24), always).batch(0, 12)
    known = targets != IGNORE
    assert (((images >= 0) == (targets == 1))[known]).float().mean() > 0.99
    first, last = targets[:, 0, :, 0, 12], targets[:, 0, :, -1, 12]
    assert (first != last).any(1).float().mean() > 0.6
