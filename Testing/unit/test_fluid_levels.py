"""Blood beneath fluid, in a ball of 36 mm in the middle of brain."""

import numpy as np
import pytest

from ICHSegmentationLib.pipeline.fluid_levels import fluid_levels
from ICHSegmentationLib.volume import CTVolume, Grid, Volume

SPACING = (3.0, 1.0, 1.0)
SHAPE = (20, 60, 60)
BRAIN, SERUM, BLOOD = 34, 30, 62


def upright(turned_degrees: float = 0.0) -> Grid:
    """Rows to the patient's back, columns to the left, turned about the body's axis."""
    cosine, sine = np.cos(np.radians(turned_degrees)), np.sin(np.radians(turned_degrees))
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([-SPACING[2], -SPACING[1], SPACING[0]])
    return Grid(SHAPE, affine)


def ball(grid: Grid, level_mm: float, fluid: int = SERUM) -> tuple[CTVolume, Volume]:
    """Blood up to ``level_mm`` before the ball's centre, as the patient lies; all of it is outlined."""
    places = grid.world(np.moveaxis(np.indices(SHAPE), 0, -1))
    aside = places - places[tuple(n // 2 for n in SHAPE)]
    inside = np.linalg.norm(aside, axis=-1) < 18
    blood = inside & (aside[..., 1] <= level_mm)
    hu = np.where(blood, BLOOD, np.where(inside, fluid, BRAIN)).astype(np.int16)
    return CTVolume(hu, grid.affine), Volume(blood.astype(np.uint8), grid.affine)


@pytest.mark.parametrize("turned_degrees", [0, 12])
def test_blood_that_ends_in_a_level_is_told(turned_degrees):
    (warning,) = fluid_levels(*ball(upright(turned_degrees), level_mm=2))
    assert "level" in warning and "larger than told" in warning


def test_the_way_of_storing_changes_nothing():
    ct, mask = ball(upright(), level_mm=2)
    turned = ct.affine @ np.array([[-1, 0, 0, 59], [0, -1, 0, 59], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    voxels, blood = (np.ascontiguousarray(one.voxels[:, ::-1, ::-1]) for one in (ct, mask))
    assert fluid_levels(CTVolume(voxels, turned), Volume(blood, turned))


def test_a_round_hematoma_has_no_level():
    assert fluid_levels(*ball(upright(), level_mm=20)) == ()


@pytest.mark.parametrize(("above", "what"), [(5, "CSF in a ventricle"), (900, "bone")])
def test_a_level_beneath_something_else_is_none(above, what):
    assert fluid_levels(*ball(upright(), level_mm=2, fluid=above)) == (), what


def test_a_thin_layer_and_an_empty_mask_have_none():
    ct, mask = ball(upright(), level_mm=2)
    thin = mask.voxels.copy()
    thin[:, mask.voxels.any(axis=(0, 2)).argmax() + 5 :] = 0
    assert fluid_levels(ct, Volume(thin, mask.affine)) == ()
    assert fluid_levels(ct, Volume(np.zeros_like(thin), mask.affine)) == ()
