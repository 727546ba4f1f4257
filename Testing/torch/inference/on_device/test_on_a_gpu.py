"""What only a real GPU can show: the masks of the default model there and on the CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ICHSegmentationLib import models
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.phantom import make_phantom

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")

DATA = Path(__file__).parents[4].parent / "shared" / "data"


def dice(one, other):
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero(one & other) / total if total else 1.0


def scans():
    yield "phantom", make_phantom(1, volume_ml=25.0, shape=(32, 256, 256), spacing=(5.0, 0.9, 0.9)).ct
    for path in sorted(DATA.glob("*/*_ct.nii.gz"))[:4]:
        yield path.name, read_ct(path)


@pytest.fixture(scope="module", params=["amp", "torch"])
def on_gpu(request):
    return Segmenter(models.default_model(), "cuda", engine=request.param)


def test_the_gpu_gives_the_mask_of_the_cpu_and_the_same_one_again(on_gpu):
    on_cpu = Segmenter(models.default_model(), "cpu", engine="torch")
    for name, ct in scans():
        expected = on_cpu(ct).mask.voxels > 0
        first, second = on_gpu(ct), on_gpu(ct)
        assert (first.device, first.warnings) == ("cuda", second.warnings)
        np.testing.assert_array_equal(first.mask.voxels, second.mask.voxels, err_msg=name)
        np.testing.assert_array_equal(first.uncertainty.map.voxels, second.uncertainty.map.voxels)
        found = first.mask.voxels > 0
        assert dice(found, expected) >= 0.995, name
        assert abs(int(found.sum()) - int(expected.sum())) <= 0.005 * expected.sum(), name
