"""How a batch sees that a case's files have changed, without reading them."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from ICHSegmentationLib.batch import Case
from ICHSegmentationLib.batch.fingerprint import content_sha256, stamp


@pytest.mark.parametrize(("header", "beside"), [("ct.mhd", "ct.raw"), ("ct.nhdr", "ct.raw")])
def test_new_voxels_behind_an_old_header_are_seen(tmp_path: Path, header: str, beside: str) -> None:
    image = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.int16))
    sitk.WriteImage(image, str(tmp_path / header))
    case = Case("ct", (tmp_path / header,))
    before, content = stamp(case), content_sha256(case)
    assert stamp(case) == before
    (tmp_path / beside).write_bytes(bytes([1]) * 120)
    os.utime(tmp_path / beside, (1, 1))
    assert stamp(case) != before
    assert content_sha256(case) != content


def test_a_damaged_header_has_a_stamp_of_its_own_and_a_missing_file_none(tmp_path: Path) -> None:
    (tmp_path / "ct.mhd").write_bytes(b"no header")
    assert stamp(Case("ct", (tmp_path / "ct.mhd",)))
    for name in ("absent.mhd", "absent.nii", "no\0name.nii"):
        assert stamp(Case("ct", (tmp_path / name,))) is None
