"""What the light detector learns from: painted copies, cells of the map, flags, and batches of them."""

import numpy as np
import pytest
import torch
from light_scans import light_scan

from ICHSegmentationLib.phantom import typical_volume_ml
from ICHSegmentationLib.preparation.brain_slices import MIDDLE
from Training.datasets.case import SUBTYPE_IDS
from Training.detection.light.batches import Disturbance, SliceSource, cells_of
from Training.detection.light.loop import loss_of
from Training.detection.light.painting import painted_copy, random_subtypes, random_volume_ml
from Training.detection.light.scan import UNKNOWN, LightScan, flags_of, load_scans

STILL = Disturbance(0, 0, 0, 0, 0, 0, 0)


def test_a_painted_copy_is_brighter_where_its_target_says_so_and_flags_follow():
    clean = light_scan(slices=12)
    copy = painted_copy(clean, "a_copy3", 3)
    blood = (copy.target > 0) & (copy.target != UNKNOWN)
    assert blood.any()
    assert copy.codes[blood].mean() > MIDDLE + 20 and abs(clean.codes[blood].mean() - MIDDLE) < 2
    assert (copy.codes[copy.target == 0] == clean.codes[copy.target == 0]).mean() > 0.95
    assert ((copy.flags[:, 0] == 1) == (blood.sum((1, 2)) >= 8)).all()
    again = painted_copy(clean, "a_copy3", 3)
    assert (again.codes == copy.codes).all() and (again.target == copy.target).all()


def test_flags_come_from_the_pixels_of_each_subtype():
    target = np.zeros((3, 10, 10), np.uint8)
    target[0, :4, :4], target[1, 0, :3] = 6, 3  # epidural; a few pixels of intraventricular
    assert flags_of(target).tolist() == [
        [1, 1, 0, 0, 0, 0],
        [UNKNOWN, 0, 0, UNKNOWN, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_a_cell_is_hemorrhage_from_a_third_on_and_unknown_below():
    target = torch.zeros(1, 1, 4, 16)
    target[..., :2, :4] = 5  # half a cell of subdural
    target[..., 0, 4] = 5  # a sixteenth
    target[..., :, 8:12] = 1  # hemorrhage of no told subtype
    target[..., 0, 12] = UNKNOWN
    cells = cells_of(target)[0, :, 0]
    assert cells[0].tolist() == [1, -1, 1, -1]  # any
    assert cells[5].tolist() == [1, -1, -1, -1]  # subdural
    assert cells[1].tolist() == [0, 0, -1, -1]  # epidural


def test_slices_are_drawn_by_their_kind_and_keep_their_flags():
    clean, painted = light_scan("c"), painted_copy(light_scan("p", seed=1), "p_copy0", 0)
    source = SliceSource([clean, painted], {"clean-": 0.5, "painted+": 0.5}, disturbance=STILL)
    batch = source.batch(0, 24)
    assert batch.images.shape == (24, 4, 200, 168) and batch.cells.shape == (24, 6, 50, 42)
    there = batch.flags[:, 0] == 1
    assert 4 < int(there.sum()) < 20
    assert (batch.cells[~there, 0] <= 0).all() and (batch.cells[there, 0] == 1).any((1, 2)).all()
    again = source.batch(0, 24)
    assert torch.equal(again.images, batch.images) and not torch.equal(
        source.batch(1, 24).images, batch.images
    )


def test_hemorrhages_on_few_slices_are_not_drowned_by_those_on_many():
    few, many = light_scan("few", "bleeding", slices=1), light_scan("many", "bleeding", slices=9)
    few.flags[:, :2], many.flags[:, 0] = 1, 1  # the one on few slices is epidural
    batch = SliceSource([few, many], {"bleeding+": 1.0}, disturbance=STILL).batch(0, 100)
    # drawn as the square roots of 1 and 9 slices
    assert batch.flags[:, 1].mean() == pytest.approx(0.25, abs=0.1)


def test_half_of_the_painted_hemorrhages_are_small_and_subarachnoid_ones_come_most_often():
    rng = np.random.default_rng(0)
    subtypes = [random_subtypes(1, rng)[0] for _ in range(600)]
    shares = {name: subtypes.count(name) / 600 for name in SUBTYPE_IDS}
    assert shares.pop("subarachnoid") == pytest.approx(1 / 3, abs=0.07)
    assert list(shares.values()) == pytest.approx([1 / 6] * 4, abs=0.06)
    assert len(set(random_subtypes(3, rng))) == 3
    small = np.mean([0.5 <= random_volume_ml("subdural", rng) <= 5 for _ in range(600)])
    typical = np.mean([0.5 <= typical_volume_ml("subdural", rng) <= 5 for _ in range(600)])
    assert small == pytest.approx(0.5 + typical / 2, abs=0.07)


def test_unknown_flags_are_below_zero():
    scan = light_scan("b", "bleeding")
    flags = scan.flags.copy()
    flags[:, 0], flags[:, 2] = 1, UNKNOWN
    scan = LightScan("b", "b", "bleeding", scan.codes, np.full_like(scan.target, UNKNOWN), flags)
    batch = SliceSource([scan], {"bleeding+": 1.0}).batch(0, 4)
    assert batch.flags.tolist() == [[1, 0, -1, 0, 0, 0]] * 4


def test_the_picture_and_its_target_move_together():
    painted = painted_copy(light_scan("p", seed=1), "p_copy0", 0)
    bright = painted.codes.astype(int) * (painted.target > 0)
    assert bright.any()
    source = SliceSource([painted], {"painted+": 1.0}, disturbance=Disturbance(25, 0.1, 0.05, 0, 0, 0, 0))
    batch = source.batch(0, 8)
    density = torch.nn.functional.avg_pool2d(batch.images[:, 1], 4)
    assert density[batch.cells[:, 0] == 1].mean() > density[batch.cells[:, 0] == 0].mean() + 0.5


def test_unknown_cells_and_flags_leave_the_network_alone():
    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.marks = torch.nn.Parameter(torch.zeros(2, 6, 50, 42))

        def map(self, images):
            return self.marks

        def pooled(self, marks):
            return marks.mean((2, 3))

    scan = light_scan()
    batch = SliceSource([scan], {"clean-": 1.0}).batch(0, 2)
    batch.cells.fill_(-1)
    batch.flags.fill_(-1)
    network = Fixed()
    loss_of(network, batch).backward()
    assert network.marks.grad.abs().sum() == 0


def test_scans_survive_the_disk(tmp_path):
    scan = painted_copy(light_scan("x/y"), "x/y_copy0", 0)
    scan.save(tmp_path)
    (back,) = load_scans(tmp_path)
    assert (back.name, back.source, back.group) == ("x/y_copy0", "x/y", "painted")
    assert (back.codes == scan.codes).all() and (back.flags == scan.flags).all()


def test_no_scan_replaces_another(tmp_path):
    names = ["a/b", "a/b_copy0", "a_b"]
    for name in names:
        light_scan(name).save(tmp_path)
    assert [scan.name for scan in load_scans(tmp_path)] == names
