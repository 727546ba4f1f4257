import numpy as np
import pytest
import torch

from Training.default_model.patch_source import PatchSource
from Training.default_model.prepare import _store
from Training.default_model.recipe import DEFAULT
from Training.default_model.sampling import IGNORE, Augmentation, Sample, load_samples
from Training.default_model.scan import Scan

STILL = Augmentation(
    rotation_degrees=0, log_scale=0, contrast=0, shift_hu=0, noise_hu=0, blur_pixels=0.31, foreground_share=1
)


def a_sample(name="one", group="hematoma"):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 241, (12, 60, 50)).astype(np.uint8)
    target = np.zeros((12, 60, 50), np.uint8)
    target[4:8, 20:34, 18:30] = 1
    target[9] = IGNORE
    return Sample(name, group, image, target, np.argwhere(target == 1).astype(np.int16))


def test_a_patch_follows_from_seed_and_step_alone():
    source = PatchSource([a_sample()], {"hematoma": 1.0}, (8, 32, 32))
    again = PatchSource([a_sample()], {"hematoma": 1.0}, (8, 32, 32))
    for step in (0, 7):
        for one, other in zip(source.batch(step, 2), again.batch(step, 2), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert not torch.equal(source.batch(0, 1)[0], source.batch(1, 1)[0])


def test_images_lie_between_minus_one_and_one_and_targets_hold_three_values():
    images, targets = PatchSource([a_sample()], {"hematoma": 1.0}, (8, 32, 32)).batch(1, 4)
    assert images.shape == targets.shape == (4, 1, 8, 32, 32)
    assert images.min() >= -1 and images.max() <= 1
    assert set(targets.unique().tolist()) <= {0.0, 1.0, float(IGNORE)}


def test_image_and_target_are_turned_scaled_and_flipped_together():
    target = np.zeros((6, 80, 80), np.uint8)
    target[:, 20:45, 30:60] = 1
    sample = Sample("s", "g", target * 240, target, np.argwhere(target).astype(np.int16))
    turning = Augmentation(30, 0.2, contrast=0, shift_hu=0, noise_hu=0, blur_pixels=0.31, foreground_share=1)
    images, targets = PatchSource([sample], {"g": 1.0}, (4, 48, 48), turning).batch(0, 8)
    known = targets != IGNORE
    same = ((images > 0) == (targets == 1))[known]
    assert same.float().mean() > 0.995
    assert (targets == 1).any()


def test_a_mirrored_patch_occurs_as_often_as_a_plain_one():
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8) * 3, (4, 64, 64)).copy()
    sample = Sample("s", "g", ramp, np.zeros_like(ramp), np.array([[2, 32, 32]], np.int16))
    images, _ = PatchSource([sample], {"g": 1.0}, (4, 16, 16), STILL).batch(0, 40)
    rising = (images[:, 0, 2, 8, -2] > images[:, 0, 2, 8, 1]).sum().item()
    assert 10 < rising < 30


def test_what_lies_outside_the_scan_is_air_and_unknown():
    images, targets = PatchSource([a_sample()], {"hematoma": 1.0}, (40, 32, 32), STILL).batch(0, 1)
    outside = (targets[0, 0] == IGNORE).flatten(1).all(1)
    assert outside.sum() >= 28
    assert (images[0, 0, 0] == -1).all() or (images[0, 0, -1] == -1).all()


def test_groups_are_drawn_by_their_weights_and_absent_ones_skipped():
    bright = Sample(
        "b", "b", np.full((8, 40, 40), 240, np.uint8), np.zeros((8, 40, 40), np.uint8), np.empty((0, 3))
    )
    dark = Sample(
        "d", "d", np.zeros((8, 40, 40), np.uint8), np.zeros((8, 40, 40), np.uint8), np.empty((0, 3))
    )
    source = PatchSource([bright, dark], {"b": 3.0, "d": 1.0, "absent": 9.0}, (4, 8, 8), STILL)
    images, _ = source.batch(0, 200)
    share = (images.amax((1, 2, 3, 4)) > 0).float().mean()
    assert share == pytest.approx(0.75, abs=0.1)


def test_samples_come_back_from_their_files(tmp_path):
    sample = a_sample()
    np.savez(
        tmp_path / "one.npz",
        group="hematoma",
        image=sample.image,
        target=sample.target,
        foreground=sample.foreground,
    )
    (loaded,) = load_samples(tmp_path)
    assert (loaded.name, loaded.group) == ("one", "hematoma")
    np.testing.assert_array_equal(loaded.image, sample.image)
    np.testing.assert_array_equal(loaded.foreground, sample.foreground)


def test_no_scan_replaces_another(tmp_path):
    hu, none = np.full((6, 40, 40), 35, np.int16), np.zeros((6, 40, 40), np.uint8)
    for name in ("a_b", "a/b"):
        _store(Scan(name, "clean", hu, none, none == 0, (5.0, 2.0, 2.0)), tmp_path, [DEFAULT.fine])
    assert [sample.name for sample in load_samples(tmp_path / DEFAULT.fine.name)] == ["a/b", "a_b"]
