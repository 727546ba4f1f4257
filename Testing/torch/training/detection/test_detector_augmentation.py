"""Each of the paper's five disturbances does what its name says, and nothing else."""

import pytest
import torch

from Training.detection.augmentation import augmented
from Training.recipes.al_fahim_detector import Augmentation

NOTHING = {"flip": 0.0, "shift": 0.0, "rotation_degrees": 0.0, "scale": 0.0, "brightness": 0.0}


def disc(row, column, size=41, radius=4):
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2).float()[None, None].expand(1, 3, -1, -1)


def centre(image):
    rows, columns = torch.meshgrid(*(torch.arange(n).float() for n in image.shape[-2:]), indexing="ij")
    weight = image[0, 0] / image[0, 0].sum()
    return float((rows * weight).sum()), float((columns * weight).sum())


def disturbed(image, seed=0, **changes):
    return augmented(image, Augmentation(**{**NOTHING, **changes}), torch.Generator().manual_seed(seed))


def test_without_strength_nothing_changes():
    image = torch.rand(2, 3, 16, 16)
    assert torch.allclose(disturbed(image), image, atol=1e-5)


def test_a_flip_takes_left_to_right_and_keeps_rows():
    assert centre(disturbed(disc(12, 9), flip=1.0)) == pytest.approx((12, 31), abs=1e-3)


def test_a_turn_keeps_the_distance_from_the_middle():
    rows, columns = zip(
        *(centre(disturbed(disc(20, 32), n, rotation_degrees=30)) for n in range(8)), strict=True
    )
    distances = [((r - 20) ** 2 + (c - 20) ** 2) ** 0.5 for r, c in zip(rows, columns, strict=True)]
    assert distances == pytest.approx([12] * 8, abs=0.2)
    assert max(rows) - min(rows) > 2


def test_a_scale_changes_the_area_within_its_limits():
    areas = [float(disturbed(disc(20, 20), n, scale=0.2)[0, 0].sum()) for n in range(12)]
    whole = float(disc(20, 20)[0, 0].sum())
    assert min(areas) >= 0.6 * whole and max(areas) <= 1.5 * whole and max(areas) / min(areas) > 1.2


def test_a_shift_stays_within_its_share_of_the_side():
    moved = [centre(disturbed(disc(20, 20), n, shift=0.1)) for n in range(12)]
    far = max(abs(value - 20) for place in moved for value in place)
    assert 1 < far <= 4.2


def test_brightness_is_added_alike_everywhere():
    image = torch.full((1, 3, 8, 8), 0.5)
    values = [float(disturbed(image, n, brightness=0.1).mean()) for n in range(12)]
    assert all(0.4 <= value <= 0.6 for value in values) and max(values) - min(values) > 0.05
    assert float(disturbed(image, 0, brightness=0.1).std()) == pytest.approx(0, abs=1e-6)


def test_the_slices_of_a_batch_differ():
    out = disturbed(torch.full((4, 3, 8, 8), 0.5), brightness=0.1)
    assert len(out[:, 0, 0, 0].unique()) == 4
