"""The same blood in the same head measures the same, however the file stores it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from measurement_shapes import IPH, affine_of, stored_otherwise
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.settings import MeasurementSettings
from ICHSegmentationLib.volume import Volume

EVERY_SIZE = MeasurementSettings(smallest_lesion_ml=0)
MASKS = arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)))
SMALL_TURN = Rotation.from_euler("xyz", [14, -9, 21], degrees=True).as_matrix()
STORAGES = list(
    itertools.product(itertools.permutations(range(3)), itertools.product((False, True), repeat=3))
)


def lengths_of(measured):
    numbers = [measured.total_volume_ml, measured.tada_total_ml or 0]
    for lesion in measured.lesions:
        tada = lesion.tada
        numbers += [
            lesion.volume_ml,
            tada.a_mm,
            tada.b_mm,
            tada.c_mm,
            tada.c_kothari_mm,
            tada.two_thirds_sh_ml,
        ]
    return numbers


def places_of(measured):
    return np.array(
        [[lesion.centroid_mm, *lesion.tada.a_ends_mm, *lesion.tada.b_ends_mm] for lesion in measured.lesions]
    )


@settings(max_examples=60, deadline=None)
@given(MASKS, st.sampled_from(STORAGES))
def test_flipping_and_permuting_the_array_changes_nothing(inside, storage):
    mask = Volume(inside.astype(np.uint8) * IPH, affine_of((0.5, 0.7, 3), SMALL_TURN, (-1, -1, 1), (5, 6, 7)))
    other = stored_otherwise(mask, *storage)

    one, two = measure(mask, EVERY_SIZE), measure(other, EVERY_SIZE)

    assert lengths_of(two) == pytest.approx(lengths_of(one), abs=1e-4)
    assert places_of(two) == pytest.approx(places_of(one), abs=1e-4)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_slice_indices_count_on_the_named_axis_of_the_file(order):
    rng = np.random.default_rng(0)
    inside = ndimage.gaussian_filter(rng.random((8, 40, 40)), (1, 4, 4)) > 0.51
    mask = Volume(inside.astype(np.uint8) * IPH, affine_of((0.5, 0.7, 3), flips=(-1, -1, 1)))
    other = stored_otherwise(mask, order, (True, True, True))

    one, two = measure(mask), measure(other)

    assert one.slice_axis == 0 and two.slice_axis == order.index(0)
    for lesion, same in zip(one.lesions, two.lesions, strict=True):
        first, last = lesion.slices
        assert same.slices == (7 - last, 7 - first)
        if lesion.tada.applicable:
            assert same.tada.slice_index == 7 - lesion.tada.slice_index


@settings(max_examples=40, deadline=None)
@given(MASKS, st.tuples(*[st.floats(-30, 30)] * 3), st.floats(0.2, 4))
def test_turning_the_head_keeps_lengths_and_magnifying_scales_them(inside, angles, scale):
    upright = affine_of((0.5, 0.7, 3))
    turned = np.eye(4)
    turned[:3, :3] = scale * Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    turned[:3, 3] = (3, 4, 5)
    mask = Volume(inside.astype(np.uint8) * IPH, upright)

    one, two = measure(mask, EVERY_SIZE), measure(replace(mask, affine=turned @ upright), EVERY_SIZE)

    assert two.total_volume_ml == pytest.approx(one.total_volume_ml * scale**3)
    assert [lesion.volume_ml for lesion in two.lesions] == pytest.approx(
        [lesion.volume_ml * scale**3 for lesion in one.lesions]
    )
    # Turned far enough, another array axis lies nearest to the patient's, and A and B with it.
    if two.slice_axis == one.slice_axis:
        for name in ("a_mm", "b_mm", "c_mm", "c_kothari_mm"):
            before = sorted(getattr(lesion.tada, name) for lesion in one.lesions)
            after = sorted(getattr(lesion.tada, name) for lesion in two.lesions)
            assert after == pytest.approx([length * scale for length in before], abs=1e-3)
