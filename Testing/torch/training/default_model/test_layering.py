import numpy as np
import torch

from Training.default_model.layering import layered

BRAIN_HU, BLOOD_HU = 32.0, 65.0
SHAPE = (4, 40, 40)


def window(hu):
    return (hu - 40) / 60


def a_hematoma(noise_hu=0.0):
    target = torch.zeros(SHAPE)
    target[1:3, 10:30, 8:32] = 1
    hu = torch.where(target == 1, BLOOD_HU, BRAIN_HU)
    hu += noise_hu * torch.from_numpy(np.random.default_rng(1).standard_normal(SHAPE, dtype=np.float32))
    return window(hu), target


def contrasts(image, target):
    """Of the blood away from edges: how much brighter than brain, as a share of what it was."""
    inside = torch.zeros(SHAPE, dtype=torch.bool)
    inside[1:3, 13:27, 11:29] = True
    return (image[inside & (target == 1)] - window(BRAIN_HU)) / (window(BLOOD_HU) - window(BRAIN_HU))


def test_one_side_of_the_blood_fades_towards_brain_and_never_becomes_it():
    image, target = a_hematoma()
    shares = torch.stack(
        [contrasts(layered(image, target, np.random.default_rng(s)), target) for s in range(30)]
    )
    assert shares.min() > 0.2 and shares.max() < 1.001
    faintest = shares.amin(1)
    assert (faintest < 0.72).float().mean() > 0.9
    both = (shares.amax(1) > 0.95) & (faintest < 0.72)
    assert both.float().mean() > 0.4


def test_what_is_no_blood_stays_as_it_was():
    image, target = a_hematoma()
    changed = layered(image, target, np.random.default_rng(2))
    far = torch.ones(SHAPE, dtype=torch.bool)
    far[1:3, 7:33, 5:35] = False
    assert torch.equal(changed[far], image[far])


def test_noise_is_as_strong_in_faded_blood():
    image, target = a_hematoma(noise_hu=5)
    plain, _ = a_hematoma()
    for seed in range(5):
        noise = layered(image, target, np.random.default_rng(seed)) - layered(
            plain, target, np.random.default_rng(seed)
        )
        spread = noise[1:3, 13:27, 11:29].std() * 60
        assert 4.0 < spread < 5.5


def test_a_patch_without_blood_and_one_with_a_speck_are_left_alone():
    image, _ = a_hematoma()
    speck = torch.zeros(SHAPE)
    speck[1, 10:14, 10:14] = 1
    for nothing in (torch.zeros(SHAPE), torch.full(SHAPE, 255.0), speck):
        assert torch.equal(layered(image, nothing, np.random.default_rng(0)), image)


def test_without_brain_in_the_patch_blood_fades_to_what_brain_usually_is():
    image, target = torch.full(SHAPE, window(BLOOD_HU)), torch.ones(SHAPE)
    faded = layered(image, target, np.random.default_rng(4)) * 60 + 40
    assert 30 < faded.min() < BLOOD_HU - 5
