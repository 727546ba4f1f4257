"""Lesions painted into a head become samples with the subtype that was painted."""

import csv

import nibabel
import numpy as np
import pytest
from simple_samples import EDH, IPH, IVH, sample, samples

from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.subtypes.classifier import fitted
from ICHSegmentationLib.subtypes.part_features import FEATURES
from Training.default_model.cases import Case
from Training.subtypes import prepare as preparation
from Training.subtypes.heads import _head
from Training.subtypes.prepare import PHANTOMS, _jobs, read_split
from Training.subtypes.real import outlined_parts, silver_parts
from Training.subtypes.samples import _as_a_model_outlines, _samples, read_samples, stored


@pytest.fixture(scope="module")
def head():
    phantom = make_phantom(12, None, shape=(30, 170, 150), spacing=(5.0, 1.2, 1.2))
    return _head("phantom_12", phantom.ct)


def test_an_epidural_hemorrhage_is_one_sample_that_touches_the_inner_table(head):
    (found,) = _samples(head, [("epidural", 20.0)], np.random.default_rng(1))
    assert (found.head, found.subtype, found.mixed) == ("phantom_12", EDH, False)
    assert found.volume_ml == pytest.approx(20, rel=0.15)
    assert len(found.features) == len(FEATURES) - 1 and np.isfinite(found.features).all()
    assert found.features[FEATURES.index("touching")] > 0.1
    assert found.features[FEATURES.index("log_volume")] == pytest.approx(np.log(20), abs=0.2)
    assert found.cubes.shape == (len(found.cubes), 5)
    assert len(found.cubes) * 0.008 == pytest.approx(20, rel=0.2)  # cubes of 2 mm


def test_a_hematoma_and_ventricular_blood_are_a_sample_each(head):
    found = list(
        _samples(head, [("intraparenchymal", 20.0), ("intraventricular", 8.0)], np.random.default_rng(2))
    )
    assert {one.subtype for one in found} == {IPH, IVH}
    ml = {kind: sum(len(one.cubes) for one in found if one.subtype == kind) * 0.008 for kind in (IPH, IVH)}
    assert ml[IPH] == pytest.approx(20, rel=0.3) and ml[IVH] == pytest.approx(8, rel=0.4)


def test_samples_survive_the_disk_under_the_name_of_their_head(tmp_path):
    (tmp_path / "train").mkdir()
    kept = [one for one in samples(heads=1) if not one.is_misplaced]
    with (tmp_path / "train/head0.npz").open("wb") as stream:
        np.savez(stream, **stored(kept))
    again = read_samples(tmp_path / "train/head0.npz", "head0")
    assert [one.subtype for one in again] == [one.subtype for one in kept]
    assert all(one.head == "head0" for one in again)
    assert all(np.array_equal(a.cubes, b.cubes) for a, b in zip(again, kept, strict=True))
    assert len(read_split(tmp_path, "train")) == len(kept)


def test_no_head_replaces_another(tmp_path, monkeypatch):
    heads = [Case(name, tmp_path, None, "train", False, (), ()) for name in ("a_b", "a/b")]
    monkeypatch.setattr(preparation, "_jobs", lambda data, split: heads)
    monkeypatch.setattr(preparation, "_samples", lambda head: [sample(EDH, head.name)])
    preparation.prepare(tmp_path, tmp_path, "train")
    assert {one.head for one in read_split(tmp_path, "train")} == {"a/b", "a_b"}


def test_an_outline_as_a_networks_keeps_place_and_about_the_size():
    truth = np.zeros((10, 60, 60), np.uint8)
    truth[3:7, 20:40, 20:40] = EDH
    outlines = [
        _as_a_model_outlines(truth, (5.0, 1.0, 1.0), np.random.default_rng(seed)) for seed in range(12)
    ]
    assert any(np.array_equal(one, truth) for one in outlines)
    changed = [one for one in outlines if not np.array_equal(one, truth)]
    assert changed and all(set(np.unique(one)) == {0, EDH} for one in changed)
    for one in changed:
        assert 0.8 < np.count_nonzero(one) / np.count_nonzero(truth) < 1.25


def data_folder(folder, cases):
    """A data folder of scans that show the same painted hematoma; those of ``silver`` have its mask."""
    phantom = make_phantom(13, "intraparenchymal", 20.0, shape=(30, 170, 150), spacing=(5.0, 1.2, 1.2))
    rows = [["case", "split", "hemorrhage", "subtypes", "ich_slices"]]
    for name, split, subtypes in cases:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.Nifti1Image(phantom.ct.voxels.transpose(2, 1, 0), phantom.ct.affine).to_filename(
            f"{path}_ct.nii.gz"
        )
        mask = nibabel.Nifti1Image(
            (phantom.mask.voxels > 0).astype(np.uint8).transpose(2, 1, 0), phantom.ct.affine
        )
        if name.startswith("silver"):
            mask.to_filename(f"{path}_ich_silver.nii.gz")
        else:
            (folder / "masks" / path.name).mkdir(parents=True)
            mask.to_filename(folder / "masks" / path.name / "segmentation.nii.gz")
        rows.append([name, split, "1" if subtypes else "0", subtypes, ""])
    with (folder / "cases.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder


def test_real_lesions_are_told_and_compared_with_what_readers_saw(tmp_path):
    data = data_folder(
        tmp_path,
        [
            ("silver/1", "train", "IPH"),
            ("silver/2", "validation", "IPH"),
            ("named/3", "validation", "EDH SDH"),
        ],
    )
    (part,) = silver_parts(data, "validation", fitted())
    assert (part.case, part.told, part.readers) == ("silver/2", "intraparenchymal", ("intraparenchymal",))
    assert part.agrees and part.volume_ml == pytest.approx(20, rel=0.1)
    (other,) = outlined_parts(data, "validation", data / "masks", fitted())
    assert other.case == "named/3" and other.told == part.told and not other.agrees


def test_heads_of_one_split_are_in_no_other(tmp_path):
    data = tmp_path
    rows = [["case", "split", "hemorrhage", "subtypes", "ich_slices"]]
    rows += [
        ["a/1", "train", "0", "", ""],
        ["a/2", "validation", "0", "", ""],
        ["a/3", "train", "1", "SDH", "4"],
    ]
    with (data / "cases.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    (data / "a").mkdir()
    train, validation = (_jobs(data, split) for split in ("train", "validation"))
    assert [job.name for job in train if not isinstance(job, int)] == ["a/1"]  # nobody outlined a/3
    assert [job.name for job in validation if not isinstance(job, int)] == ["a/2"]
    seeds = [{job for job in jobs if isinstance(job, int)} for jobs in (train, validation)]
    assert not seeds[0] & seeds[1] and [len(one) for one in seeds] == list(PHANTOMS.values())
