"""Windows in NumPy against MONAI's, with a stand-in whose answer depends on a voxel's place in its window."""

import numpy as np
import pytest
import torch
from monai.inferers.utils import sliding_window_inference

from ICHSegmentationLib.inference.sliding import in_windows


def seen(image: torch.Tensor) -> torch.Tensor:
    """Two channels: each voxel times its place in the window, and the mean of the window."""
    place = torch.linspace(0, 1, image.shape[-1]) + torch.linspace(0, 2, image.shape[-2])[:, None]
    return torch.cat([image * place, image.mean().expand_as(image)], 1)


def run(image):
    assert image.flags.c_contiguous
    return seen(torch.from_numpy(image)).numpy()


@pytest.mark.parametrize("shape", [(5, 9, 7), (8, 32, 32), (9, 50, 33), (20, 41, 90), (3, 100, 20)])
def test_the_windows_are_monais(shape):
    image = np.random.default_rng(0).random((1, 1, *shape), np.float32)
    patch = (8, 32, 32)
    expected = sliding_window_inference(
        torch.from_numpy(image), patch, 1, seen, 0.25, mode="gaussian", padding_mode="constant", cval=-1.0
    )
    found = in_windows(image, run, patch, divisor=patch)
    assert found.shape == (1, 2, *shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_window_is_no_larger_than_the_image_needs():
    sizes = []

    def run(image):
        sizes.append(image.shape[2:])
        return image

    image = np.random.default_rng(0).random((1, 1, 5, 70, 64), np.float32)
    np.testing.assert_array_equal(in_windows(image, run, (16, 256, 256), divisor=(4, 64, 64)), image)
    assert sizes == [(8, 128, 64)]
