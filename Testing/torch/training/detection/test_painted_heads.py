"""What is told of painted heads: which were left alone, which were found."""

from types import SimpleNamespace

import numpy as np
import pytest

from ICHSegmentationLib.detection import CLASSES, Detection
from Training.detection.light import phantoms
from Training.detection.light.phantoms import Judged, judge_phantoms, phantom_page

HALF = np.full(len(CLASSES), 0.5, np.float32)


class SaysSeeds:
    """Its probability of any hemorrhage is one more than the seed's last two digits, on slice 1."""

    def detect(self, seed):
        slices = np.zeros((3, len(CLASSES)), np.float32)
        slices[1, 0] = (seed % 100 + 1) / 100
        return Detection(slices.max(axis=0), slices, HALF)


@pytest.fixture
def painted(monkeypatch):
    """The seeds and subtypes that are asked for; blood is on slice 1, of seed 202 on slice 2."""
    asked = []

    def make(seed, subtype, volume_ml):
        asked.append((seed, subtype, volume_ml))
        voxels = np.zeros((3, 2, 2), np.uint8)
        voxels[2 if seed == 202 else 1] = subtype is not None
        return SimpleNamespace(ct=seed, mask=SimpleNamespace(voxels=voxels), volume_ml=1.5)

    monkeypatch.setattr(phantoms, "make_phantom", make)
    return asked


def test_heads_without_hemorrhage_come_first_and_subtypes_in_turn(painted):
    judged = list(judge_phantoms(SaysSeeds(), 2, 6))
    assert [seed for seed, _, _ in painted] == [100, 101, 200, 201, 202, 203, 204, 205]
    kinds = [subtype for _, subtype, _ in painted]
    assert {volume for _, _, volume in painted} == {None}  # as patients have them
    assert kinds[:2] == [None, None] and set(kinds[2:7]) == set(CLASSES[1:]) and kinds[7] == kinds[2]
    assert max(seed for seed, _, _ in painted) < 3000  # from there on, heads are learned from
    assert judged[3] == Judged(201, kinds[3], 1.5, pytest.approx(0.02), False, True)
    assert [head.on_blood for head in judged[2:6]] == [True, True, False, True]


def test_small_hemorrhages_are_asked_for_in_other_heads(painted):
    list(judge_phantoms(SaysSeeds(), 1, 40, small=True))
    volumes = [volume for _, subtype, volume in painted if subtype is not None]
    assert {seed for seed, _, _ in painted}.isdisjoint(range(100, 300))
    assert max(seed for seed, _, _ in painted) < 3000
    assert painted[0][1:] == (None, None) and len(volumes) == 40
    assert all(0.5 <= volume <= 8 for volume in volumes) and np.median(volumes) == pytest.approx(2, rel=0.5)


def test_the_page_counts_and_names_what_was_missed():
    text = phantom_page(
        [
            Judged(100, None, 0, 0.1, False, False),
            Judged(101, None, 0, 0.7, True, False),
            Judged(200, "epidural", 12.0, 0.9, True, True),
            Judged(205, "epidural", 1.6, 0.38, False, True),
            Judged(201, "subdural", 30.0, 0.95, True, False),
        ]
    )
    assert (
        "Without hemorrhage: 1 of 2 left alone, not seed 101 (0.70) (the highest probability is 0.70)."
        in text
    )
    assert "With hemorrhage: 2 of 3 found, on 1 of these the likeliest slice shows it." in text
    assert "| EDH | 1 / 2 | 1.6–12.0 | 1.6, 0.38 |" in text
    assert "| SDH | 1 / 1 | 30.0–30.0 | – |" in text
    assert "IPH" not in text
