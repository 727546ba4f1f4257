"""Names of files and folders that are no text: whatever a batch writes is UTF-8 nevertheless."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from batch_stub import load_stub, write_scan
from dicom_maker import head_series, write_series
from fakes import head
from test_batch_run import settings, table

from ICHSegmentationLib.batch import BatchOptions, find_cases, run_batch

NAME = os.fsdecode(b"M\xfcller")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other file systems hold no such names")


def test_all_that_a_batch_writes_is_utf8(a_model_folder: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_scan(source / NAME / "ct.nii.gz")
    image = sitk.GetImageFromArray(head((12, 50, 50)).astype(np.int16))
    image.SetSpacing((2.0, 2.0, 5.0))
    sitk.WriteImage(image, str(source / "whole.mhd"))
    (source / "whole.mhd").rename(source / f"{NAME}.mhd")
    (source / f"damaged {NAME}.mhd").write_bytes(b"no header")
    (source / f"notes.{NAME}").write_text("a note")
    run_batch(source, out, settings(a_model_folder), BatchOptions(workers=1), load=load_stub)
    assert {case: row["status"] for case, row in table(out).items()} == {
        "M_ller": "done",
        "M_ller_ct": "done",
        "damaged M_ller": "failed",
    }
    for path in [*out.rglob("*.json"), *out.rglob("*.html"), *out.rglob("*.csv")]:
        path.read_text(encoding="utf-8")
    measurements = json.loads((out / "M_ller" / "measurements.json").read_text(encoding="utf-8"))
    assert measurements["input"]["name"] == "M\ufffdller.mhd"
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["other_files"]) == [".m\ufffdller", ".raw"]


def test_places_of_series_are_told_as_far_as_they_are_text(tmp_path: Path) -> None:
    paths = write_series(head_series(slices=25), tmp_path / NAME)
    (tmp_path / NAME / "cut.dcm").write_bytes(paths[0].read_bytes()[:140] + bytes([255]) * 60)
    found = find_cases(tmp_path, tmp_path / "out", keep_identifiers=True)
    places = [each.columns["path"] for each in (*found.cases, *found.left_out)]
    assert places
    assert all(place.startswith("M\ufffdller") for place in places)
