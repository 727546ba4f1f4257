import gc
import weakref

import numpy as np
import pytest

from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.preparation.head import coarse_head_of, inside_of
from ICHSegmentationLib.preparation.intracranial import CoarseHead, intracranial_region
from ICHSegmentationLib.volume import CTVolume


@pytest.fixture
def ct():
    return make_phantom(2, None, shape=(20, 100, 90), spacing=(8.0, 2.0, 2.0)).ct


def test_the_region_is_that_of_the_scan_in_canonical_order(ct):
    flipped = CTVolume(ct.voxels[::-1], ct.affine @ np.diag([1.0, 1, -1, 1]))
    region = inside_of(flipped).mask
    np.testing.assert_array_equal(region, intracranial_region(ct.voxels, ct.grid.spacing).mask)


def test_it_is_found_once_for_a_scan_and_anew_for_another(ct, monkeypatch):
    looked = []
    searched = CoarseHead.of
    monkeypatch.setattr(CoarseHead, "of", lambda hu, spacing: looked.append(hu) or searched(hu, spacing))
    first = inside_of(ct)
    assert inside_of(ct) is first and len(looked) == 1
    assert coarse_head_of(ct).inside.any() and len(looked) == 1
    other = CTVolume(np.full_like(ct.voxels, -1000), ct.affine)
    assert not inside_of(other).mask.any() and len(looked) == 2
    np.testing.assert_array_equal(inside_of(ct).mask, first.mask)


def test_the_coarse_head_tells_what_a_search_on_its_own_blocks_would(ct):
    coarse = coarse_head_of(ct)
    expected = intracranial_region(coarse.hu, coarse.spacing).mask
    np.testing.assert_array_equal(coarse.own_region().mask, expected)
    assert expected.any()


def test_nobody_changes_what_the_next_one_gets(ct):
    with pytest.raises(ValueError, match="read-only"):
        inside_of(ct).mask[:] = True


def test_it_is_forgotten_with_the_scan(ct):
    scan = CTVolume(ct.voxels, ct.affine)
    kept = weakref.ref(inside_of(scan).mask)
    del scan
    gc.collect()
    assert kept() is None
