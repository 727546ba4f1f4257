"""A real scan that shows the face and the neck, too."""

import numpy as np
import pytest

from ICHSegmentationLib.preparation.head import inside_of


@pytest.fixture(scope="module")
def inside(whole_head):
    """``[D, H, W]``, in canonical order: slices upwards, rows to the back."""
    region = inside_of(whole_head)
    assert region.warnings == ()
    return region.mask


def test_neither_throat_nor_muscles_of_the_jaw_are_inside_the_skull(whole_head, inside):
    slices, rows = (round(mm / whole_head.grid.spacing[axis]) for axis, mm in ((0, 20.0), (1, 105.0)))
    back = np.flatnonzero(inside.any(axis=(0, 2))).max()
    assert inside[:slices].any()
    assert not inside[:slices, : back - rows].any()


def test_the_brain_is_inside_down_to_the_temporal_poles(whole_head, inside):
    assert 1500 < np.count_nonzero(inside) * whole_head.grid.voxel_volume_mm3 / 1000 < 1580
    poles = round(45.0 / whole_head.grid.spacing[0])  # above the lowest slice
    assert np.count_nonzero(inside[poles]) * np.prod(whole_head.grid.spacing[1:]) > 11_000  # mm2
