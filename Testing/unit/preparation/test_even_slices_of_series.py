"""Uneven series as their files place them: each slice stays where it was scanned, however the stack lies."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.preparation.even_slices import EvenSlices

sys.path.append(str(Path(__file__).parents[1] / "io"))
from dicom_maker import AXIAL, Series, write_series

TURN = np.radians(20)
OBLIQUE = (np.cos(TURN), np.sin(TURN), 0, -np.sin(TURN), np.cos(TURN), 0)
TURNED = (1, 0, 0, 0, -1, 0)
SAGITTAL = (0, 1, 0, 0, 0, -1)
HEIGHTS_MM = np.array([0, 2.5, 5, 10, 15, 20])


@pytest.mark.parametrize("slant", [0.0, 0.3])
@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE, TURNED, SAGITTAL])
def test_every_slice_lies_where_its_file_places_it(orientation, slant, tmp_path):
    along, across = np.array(orientation[:3]), np.array(orientation[3:])
    step = np.cross(along, across) + slant * across  # a leaning gantry moves slices along their columns
    positions = np.array([-100.0, 50.0, 30.0]) + HEIGHTS_MM[:, np.newaxis] * step
    stored = np.arange(1000, 1000 + len(positions), dtype=np.uint16)[:, None, None] * np.ones((1, 6, 7), int)
    write_series(Series(stored.astype(np.uint16), positions, orientation), tmp_path / "series")
    even = EvenSlices.of(read_ct(tmp_path / "series"))
    assert len(even.ct.voxels) == 9
    turned = np.array([-1.0, -1.0, 1.0])  # DICOM's patient axes to RAS
    for number, place in enumerate(even.places):
        stored_number = int(even.scan.voxels[number, 0, 0]) + 1024 - 1000
        assert even.ct.voxels[place, 0, 0] == even.scan.voxels[number, 0, 0]
        assert even.ct.grid.world(np.array([place, 0, 0])) == pytest.approx(positions[stored_number] * turned)
