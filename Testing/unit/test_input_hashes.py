"""The hash by which a result names its input."""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from ICHSegmentationLib.pipeline import provenance


def test_the_hash_of_a_folder_sees_names_and_content_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    (folder / "1").write_bytes(b"one")
    (folder / "2").write_bytes(b"two")
    original = provenance.sha256_of(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert provenance.sha256_of(copy) == original
    (copy / "2").rename(copy / "3")
    assert provenance.sha256_of(copy) != original
    (copy / "3").rename(copy / "2")
    (copy / "2").write_bytes(b"TWO")
    assert provenance.sha256_of(copy) != original


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_the_hash_of_a_folder_covers_a_folder_that_it_links_to(tmp_path: Path) -> None:
    for place in ("study/series", "store"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "1").write_bytes(b"one")
    original = provenance.sha256_of(tmp_path / "study")
    shutil.rmtree(tmp_path / "study" / "series")
    (tmp_path / "study" / "series").symlink_to(tmp_path / "store", target_is_directory=True)
    assert provenance.sha256_of(tmp_path / "study") == original
    (tmp_path / "store" / "1").write_bytes(b"ONE")
    assert provenance.sha256_of(tmp_path / "study") != original


@pytest.mark.parametrize(("header", "beside"), [("ct.mhd", "ct.zraw"), ("ct.nhdr", "ct.raw.gz")])
def test_the_hash_of_a_header_covers_the_voxels_that_it_names(
    tmp_path: Path, header: str, beside: str
) -> None:
    hashes = set()
    for value in (1, 2):
        image = sitk.GetImageFromArray(np.full((3, 4, 5), value, np.int16))
        sitk.WriteImage(image, str(tmp_path / header), useCompression=True)
        assert (tmp_path / beside).exists()
        hashes.add(provenance.sha256_of(tmp_path / header))
        (tmp_path / "ct.notes").write_text(str(value))  # named alike, and no part of the scan
        hashes.add(provenance.sha256_of(tmp_path / header))
    assert len(hashes) == 2


def test_a_damaged_header_has_a_hash_too_and_what_is_no_plain_file_has_none(tmp_path: Path) -> None:
    (tmp_path / "ct.mhd").write_bytes(b"no header")
    assert provenance.sha256_of(tmp_path / "ct.mhd") == hashlib.sha256(b"no header").hexdigest()
    for place in (tmp_path / "absent.mhd", Path("/dev/zero")):
        with pytest.raises(OSError, match="plain file"):
            provenance.sha256_of(place)
