"""A path that no file system takes costs its own case, and no other."""

from pathlib import Path

import nibabel as nib
import numpy as np
from batch_stub import write_scan
from test_batch_run import settings, table

from ICHSegmentationLib.batch import BatchOptions, Case, run_batch
from ICHSegmentationLib.batch.plan import Planner

LONG = "x" * 300
"""File systems take names of 255 bytes."""


def test_a_path_that_cannot_be_costs_its_own_case(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "ct.nii.gz")
    image = nib.load(scan)
    nib.save(
        nib.Nifti1Image((np.asarray(image.dataobj) == 70).astype(np.uint8), image.affine), tmp_path / "m.nii"
    )
    good = "頭" * 66
    odd = {"nifti": f"{LONG}.nii", "header": f"{LONG}.mhd", "folder": LONG, "zero": "no\0name.nii"}
    lines = [f"{good},ct.nii.gz,m.nii", *(f"{case},{path},m.nii" for case, path in odd.items())]
    (tmp_path / "list.csv").write_text("\n".join(["case,path,mask", *lines]), encoding="utf-8")
    out = tmp_path / "out"
    run_batch(tmp_path / "list.csv", out, settings(tmp_path / "no model"), BatchOptions(workers=1))
    rows = table(out)
    assert {case: (row["status"], row["error_code"]) for case, row in rows.items()} == {
        good: ("done", ""),
        **dict.fromkeys(odd, ("failed", "input")),
    }
    assert LONG not in (out / "summary.csv").read_text(encoding="utf-8")


def test_a_result_folder_that_cannot_be_is_not_in_the_way(tmp_path: Path) -> None:
    case = Case(LONG, (tmp_path / "ct.nii",), mask=tmp_path / "mask.nii")
    planner = Planner(tmp_path, settings(tmp_path), None, None, retry=False)
    assert [each.action for each in planner.plan([case], {})] == ["do"]
