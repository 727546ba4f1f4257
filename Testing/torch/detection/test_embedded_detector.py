"""The embedded detector on painted heads of people that it has not seen: silent without blood, not with."""

import pytest

from ICHSegmentationLib import models
from ICHSegmentationLib.detection import CLASSES, Detector
from ICHSegmentationLib.phantom import make_phantom

SHAPE, SPACING = (26, 150, 130), (5.0, 1.3, 1.3)
# The training has seeds from 3000 on.
CLEAN, BLEEDING = (41, 42), {43: "intraparenchymal", 44: "subdural", 45: "subarachnoid"}


@pytest.fixture(scope="module")
def detector():
    return Detector.open(models.DETECTOR, "cpu", "torch")


@pytest.mark.parametrize("seed", CLEAN)
def test_a_head_without_hemorrhage_is_left_alone(detector: Detector, seed: int):
    found = detector.detect(make_phantom(seed, None, shape=SHAPE, spacing=SPACING).ct)
    assert not found.is_likely()


@pytest.mark.parametrize("seed", BLEEDING)
def test_a_head_with_hemorrhage_is_found_on_a_slice_that_has_it(detector: Detector, seed: int):
    phantom = make_phantom(seed, BLEEDING[seed], volume_ml=15.0, shape=SHAPE, spacing=SPACING)
    found = detector.detect(phantom.ct)
    assert found.is_likely()
    assert phantom.mask.voxels[found.ranked(1)[0]].any()


def test_a_hematoma_in_the_brain_is_not_called_epidural_or_ventricular(detector: Detector):
    """A large hematoma raises the logits of all subtypes, yet it is likely of one alone."""
    for seed in (46, 47):
        phantom = make_phantom(seed, "intraparenchymal", volume_ml=30.0, shape=SHAPE, spacing=SPACING)
        found = detector.detect(phantom.ct)
        assert found.is_likely("intraparenchymal")
        assert not any(found.is_likely(label) for label in CLASSES[1:] if label != "intraparenchymal")


def test_it_is_small_and_says_what_it_is_for():
    model = models.find(models.DETECTOR)
    assert sum(path.stat().st_size for path in model.path.iterdir()) < 10_000_000
    assert model.manifest.labels == CLASSES
    assert "Research use only" in model.manifest.description
