"""The embedded models on a real scan of another scanner: full-range HU, thin slices, face and neck."""

from pathlib import Path

import numpy as np
import pytest

import ICHSegmentationLib
from ICHSegmentationLib.detection import Detector
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.models import ModelFolder

MODELS = Path(ICHSegmentationLib.__file__).parent / "models"


@pytest.mark.parametrize("model", ["default", "open"])
def test_nothing_is_outlined(whole_head, model):
    segment = Segmenter(ModelFolder.open(MODELS / model), threads=1)
    assert not segment(whole_head).mask.voxels.any()


def test_no_slice_below_the_skull_is_marked(whole_head):
    found = Detector.open(ModelFolder.open(MODELS / "detector"), "cpu", threads=1).detect(whole_head)
    below = found.of_slices("hemorrhage")[: round(40 / whole_head.grid.spacing[0])]
    assert np.max(below) < found.threshold("hemorrhage")
