"""Which files a folder has."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dicom_maker import head_series, write_series

from ICHSegmentationLib.errors import EmptyFolderError
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.io.folder_files import files_in


def names_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_in(folder)]


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target, target_is_directory=True)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_linked_folders_and_files_are_found(tmp_path: Path) -> None:
    file(tmp_path / "store" / "deep" / "1")
    file(tmp_path / "store" / "2")
    link(tmp_path / "study" / "series", tmp_path / "store")
    (tmp_path / "study" / "3").symlink_to(file(tmp_path / "elsewhere"))
    assert names_in(tmp_path / "study") == ["3", "series/2", "series/deep/1"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_each_folder_counts_once_and_by_its_own_path(tmp_path: Path) -> None:
    file(tmp_path / "z" / "inner" / "1")
    link(tmp_path / "a", tmp_path / "z")
    link(tmp_path / "b", tmp_path / "z" / "inner")
    link(tmp_path / "z" / "inner" / "circle", tmp_path)
    link(tmp_path / "nowhere", tmp_path / "absent")
    assert names_in(tmp_path) == ["z/inner/1"]


def lock(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder == locked:
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)


def test_a_folder_that_may_not_be_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(tmp_path / "mine" / "1")
    lock(file(tmp_path / "locked" / "2").parent, monkeypatch)
    assert names_in(tmp_path) == ["mine/1"]


def test_a_series_of_which_a_part_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(head_series(), tmp_path)
    last = max(tmp_path.iterdir())
    locked = tmp_path / "locked"
    locked.mkdir()
    last.rename(locked / last.name)
    lock(locked, monkeypatch)
    assert any("may not be read" in warning for warning in read_ct(tmp_path).warnings)
    with pytest.raises(EmptyFolderError, match="may not be read"):
        read_ct(locked)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_a_link_into_a_folder_that_may_not_be_entered_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file(tmp_path / "study" / "2")
    link(tmp_path / "study" / "1", tmp_path / "closed" / "scan")
    looked_at = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "1" and follow_symlinks:
            raise PermissionError(13, "Permission denied")
        return looked_at(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refuse)
    assert names_in(tmp_path / "study") == ["2"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_a_series_in_a_linked_folder_is_read(tmp_path: Path) -> None:
    series = head_series()
    write_series(series, tmp_path / "store")
    link(tmp_path / "study" / "series", tmp_path / "store")
    np.testing.assert_array_equal(read_ct(tmp_path / "study").voxels, series.hu)
