"""``ichseg compare`` from files to files."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from fakes import affine, bleeding, head, write_nifti
from PIL import Image

from ICHSegmentationLib.cli import main
from ICHSegmentationLib.comparison import Registration

COMPARED = ("ct1.nii.gz", "m1.nii.gz", "ct2.nii.gz", "m2.nii.gz")


@pytest.fixture
def two_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same head twice, the second time with all of its hemorrhage outlined, the first with half of it."""
    whole = bleeding(head())
    half = whole.copy()
    half[13:] = 0
    for name, voxels in zip(COMPARED, (head(), half, head(), whole), strict=True):
        write_nifti(tmp_path / name, voxels)
    module = sys.modules["ICHSegmentationLib.comparison.compare"]
    monkeypatch.setattr(module, "register", lambda *_: Registration(np.eye(4), 0.97, 1.0))
    return [str(tmp_path / name) for name in COMPARED]


def test_growth_is_told_and_written(two_scans: list[str], tmp_path: Path, capsys) -> None:
    assert main(["compare", *two_scans, "-o", str(tmp_path / "out")]) == 0
    told = json.loads((tmp_path / "out" / "ct1_to_ct2" / "comparison.json").read_text("utf-8"))
    counts = [np.count_nonzero(nib.load(two_scans[n]).dataobj) * 20 / 1000 for n in (1, 3)]
    assert (told["first_ml"], told["second_ml"]) == pytest.approx(tuple(counts))
    assert told["growth_percent"] == pytest.approx(100.0)
    assert told["expansion"] is True
    assert told["first"]["input"]["name"] == "ct1.nii.gz"
    assert np.allclose(told["registration"]["second_to_first"], np.eye(4))
    assert str(tmp_path) not in json.dumps(told)
    shown = capsys.readouterr().out
    assert "grew from 4.6 to 9.1 mL" in shown
    assert "hematoma expansion" in shown


def test_the_picture_shows_both_scans_outlined(two_scans: list[str], tmp_path: Path) -> None:
    main(["compare", *two_scans, "-o", str(tmp_path / "out")])
    pixels = np.asarray(Image.open(tmp_path / "out" / "ct1_to_ct2" / "comparison.png").convert("RGB")).astype(
        int
    )
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 110) & (pixels[..., 2] < 110)
    upper, lower = (red[: len(red) // 2].sum(), red[len(red) // 2 :].sum())
    assert upper > 50
    assert lower > upper  # the second outline is on more slices


def test_events_end_with_the_result(two_scans: list[str], tmp_path: Path, capsys) -> None:
    main(["compare", *two_scans, "-o", str(tmp_path / "out"), "--events", "jsonl"])
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "result"
    assert "started" in [event["event"] for event in events]
    assert events[-1]["measurements"]["expansion"] is True
    assert all(Path(path).is_file() for path in events[-1]["paths"].values())


def test_progress_comes_in_real_steps_and_never_runs_back(tmp_path: Path, capsys) -> None:
    """The alignment is the real one: its steps are told as it takes them."""
    for name, voxels in zip(COMPARED, (head(), bleeding(head())) * 2, strict=True):
        write_nifti(tmp_path / name, voxels)
    main(["compare", *(str(tmp_path / name) for name in COMPARED), "-o", str(tmp_path), "--events", "jsonl"])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    steps = [(event["stage"], event["fraction"]) for event in told if event["event"] == "progress"]
    assert list(dict.fromkeys(stage for stage, _ in steps)) == [
        "read", "compare", "prepare", "align", "report",
    ]  # fmt: skip
    fractions = [fraction for _, fraction in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    between = [fraction for stage, fraction in steps if stage == "align"]
    assert len(set(between)) == 4
    assert max(later - earlier for earlier, later in pairwise(fractions)) <= 0.2


def test_a_mask_of_the_other_scan_is_refused_and_nothing_is_left(
    two_scans: list[str], tmp_path: Path
) -> None:
    nib.save(nib.Nifti1Image(np.zeros((9, 9, 9), np.uint8), affine()), two_scans[3])
    assert main(["compare", *two_scans, "-o", str(tmp_path / "out")]) == 21
    assert not list((tmp_path / "out").glob("*"))
