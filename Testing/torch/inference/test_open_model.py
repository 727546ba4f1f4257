"""The embedded model of open data, run as a user would."""

import numpy as np
import pytest

from ICHSegmentationLib import models
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.models.store import OPEN
from ICHSegmentationLib.phantom import make_phantom


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter(models.find(OPEN), "cpu", threads=2)


def test_it_outlines_a_painted_hematoma(segmenter):
    phantom = make_phantom(0, "intraparenchymal", 25.0)
    found, painted = segmenter(phantom.ct).mask.voxels > 0, phantom.mask.voxels > 0
    assert 2 * np.count_nonzero(found & painted) > 0.9 * (np.count_nonzero(found) + np.count_nonzero(painted))


def test_it_leaves_a_head_without_hemorrhage_alone(segmenter):
    assert not segmenter(make_phantom(1, None).ct).mask.voxels.any()


def test_it_owes_nothing_to_data_with_terms():
    manifest = models.find(OPEN).manifest
    assert manifest.licence == "CC-BY-4.0"
    assert {source.licence for source in manifest.training.data} == {"CC BY 4.0"}
