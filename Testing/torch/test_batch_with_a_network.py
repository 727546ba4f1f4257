"""A batch with the model that comes with the library, in workers of its own."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import pytest

from ICHSegmentationLib import models
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.pipeline import segment_case
from ICHSegmentationLib.settings import SegmentationSettings

pytestmark = pytest.mark.skipif(
    not (models.store.EMBEDDED / "model.json").is_file(), reason="no default model is embedded yet"
)

ROOT = Path(__file__).resolve().parents[2]


def test_a_batch_gives_what_segment_gives(tmp_path: Path) -> None:
    for seed, kind in ((7, "intraparenchymal"), (8, None)):
        phantom = make_phantom(
            seed, kind, 12.0 if kind else None, shape=(14, 90, 80), spacing=(10.0, 2.5, 2.5)
        )
        (tmp_path / "in").mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(phantom.ct.voxels.T, phantom.ct.affine), tmp_path / "in" / f"{seed}.nii.gz")
    command = [sys.executable, "-m", "ICHSegmentationLib", "batch", str(tmp_path / "in"), "-o"]
    command += [str(tmp_path / "out"), "--device", "cpu", "--threads", "1", "--workers", "1"]
    done = subprocess.run(
        [*command, "--events", "jsonl"], cwd=ROOT, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    results = {event["case"]: event for event in events if event["event"] == "result"}
    assert set(results) == {"7", "8"}
    assert events[-1] | {"cases_per_minute": None} == {
        "event": "batch", "done": 2, "failed": 0, "left": 0, "cases_per_minute": None, "remaining_s": 0.0,
    }  # fmt: skip
    assert results["7"]["measurements"]["total_volume_ml"] > 1
    with (tmp_path / "out" / "summary.csv").open(newline="", encoding="utf-8-sig") as stream:
        for row in csv.DictReader(stream):
            detection = results[row["case"]]["measurements"]["detection"]
            assert float(row["detected_hemorrhage"]) == detection["scan"]["hemorrhage"]
            assert row["detected"] == ("yes" if detection["likely"] else "no")

    settings = SegmentationSettings(device="cpu", threads=1, overwrite=True)
    for seed in ("7", "8"):
        alone = segment_case(tmp_path / "in" / f"{seed}.nii.gz", tmp_path / "alone", settings)
        mask = tmp_path / "out" / seed / "segmentation.nii.gz"
        assert mask.read_bytes() == alone.paths["mask"].read_bytes()
        told = results[seed]["measurements"]
        same = {key for key in told if key not in ("timings_s", "peak_memory_mb")}
        assert {key: told[key] for key in same} == {
            key: value for key, value in json.loads(json.dumps(alone.measurements)).items() if key in same
        }
