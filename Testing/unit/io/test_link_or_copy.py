import os
from pathlib import Path

import pytest

from ICHSegmentationLib.io.link_or_copy import link_or_copy


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.dcm"
    path.write_bytes(b"voxels")
    return path


def test_a_file_takes_no_room_a_second_time(tmp_path: Path, scan: Path) -> None:
    link_or_copy(scan, tmp_path / "1.dcm")
    assert (tmp_path / "1.dcm").samefile(scan)


def test_where_no_link_is_possible_it_is_copied(
    tmp_path: Path, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(scan, tmp_path / "1.dcm")
    assert not (tmp_path / "1.dcm").samefile(scan)
    assert (tmp_path / "1.dcm").read_bytes() == b"voxels"


def test_a_read_only_file_is_copied_where_its_link_could_not_be_deleted(
    tmp_path: Path, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ICHSegmentationLib.io.link_or_copy._READ_ONLY_STAYS", True)
    link_or_copy(scan, tmp_path / "1.dcm")
    assert (tmp_path / "1.dcm").samefile(scan)
    scan.chmod(0o444)
    link_or_copy(scan, tmp_path / "2.dcm")
    assert not (tmp_path / "2.dcm").samefile(scan)
    assert os.access(tmp_path / "2.dcm", os.W_OK)
