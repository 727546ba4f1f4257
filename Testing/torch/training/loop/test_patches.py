from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import STAGE, write_cases

from Training.datasets import Case
from Training.loop.options import TrainOptions
from Training.loop.patches import Patches, Place, batches
from Training.loop.scans import ScanStore
from Training.transforms import train_transforms


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return write_cases(tmp_path_factory.mktemp("data"))


def patches(cases: list[Case], folder: Path, seed: int = 7) -> Patches:
    store = ScanStore(folder / "scans")
    return Patches(cases, store, train_transforms(STAGE, seed), folder / "stage", seed)


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[key], two[key]) for key in ("image", "label"))


def test_a_patch_is_the_same_whenever_and_by_whomever_it_is_made(cases: list[Case], tmp_path: Path):
    first = patches(cases, tmp_path / "a")
    made = [first[number] for number in range(6)]
    again = patches(cases, tmp_path / "b")
    for number in (5, 0, 3):
        assert same(made[number], again[number]), "in another order, from another cache"
        assert same(made[number], first[number]), "out of the cache"
    assert not same(made[0], made[4]), "the same case comes in another patch"
    assert not same(made[0], patches(cases, tmp_path / "b", seed=8)[0])


def test_every_case_comes_once_before_any_comes_again(cases: list[Case], tmp_path: Path):
    drawn = [patches(cases, tmp_path).case_of(number).name for number in range(12)]
    for turn in range(3):
        assert Counter(drawn[4 * turn : 4 * turn + 4]) == Counter(case.name for case in cases)
    assert drawn[:4] != drawn[4:8] or drawn[4:8] != drawn[8:], "in another order each time"


def test_what_is_made_has_the_stages_patch_and_a_label_that_fits(cases: list[Case], tmp_path: Path):
    lesions = 0
    for number in range(12):
        made = patches(cases, tmp_path)[number]
        assert made["image"].shape == made["label"].shape == (1, 32, 32)
        inside = made["label"] > 0
        lesions += bool(inside.any())
        if inside.any() and not inside.all():
            assert made["image"][inside].mean() > made["image"][~inside].mean() + 0.2
    assert lesions >= 4, "half of the patches lie on a hemorrhage"


def test_processes_share_each_steps_batch_without_gaps(cases: list[Case], tmp_path: Path):
    source = patches(cases, tmp_path)
    whole = list(batches(source, 3, 5, 4, TrainOptions(), Place()))
    shares = [list(batches(source, 3, 5, 4, TrainOptions(), Place(rank, 2))) for rank in (0, 1)]
    assert [len(each) for each in (whole, *shares)] == [2, 2, 2]
    for step in (0, 1):
        joined = torch.cat([share[step]["image"] for share in shares])
        assert torch.equal(joined, whole[step]["image"])
    assert same(source[12], {key: value[0] for key, value in whole[0].items()}), "step 3 begins with patch 12"


def test_a_worker_process_makes_the_same_batches(cases: list[Case], tmp_path: Path):
    source = patches(cases, tmp_path)
    expected = list(batches(source, 0, 2, 2, TrainOptions(), Place()))
    made = list(batches(source, 0, 2, 2, TrainOptions(workers=1), Place()))
    assert all(same(one, two) for one, two in zip(made, expected, strict=True))


def test_a_scan_that_changed_is_read_again(tmp_path: Path):
    (case,) = write_cases(tmp_path / "data", 1)
    store = ScanStore(tmp_path / "scans")
    before = store.scan(case).hu.copy()
    assert np.array_equal(store.scan(case).hu, before)
    write_cases(tmp_path / "data", 1, (7, 40, 36))
    assert store.scan(case).hu.shape == (7, 40, 36)


def test_several_may_read_the_same_case_for_the_first_time_at_once(tmp_path: Path):
    (case,) = write_cases(tmp_path / "data", 1)
    stores = [ScanStore(tmp_path / "scans") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        scans = list(pool.map(lambda store: store.scan(case), stores))
    assert all(np.array_equal(scan.hu, scans[0].hu) for scan in scans)
    assert [path.suffix for path in (tmp_path / "scans").iterdir()] == [".pt"], "nothing half-written is left"
