import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ICHSegmentationLib.errors import DiskFullError, NotWritableError, OutputError, OutputExistsError
from ICHSegmentationLib.io import write_mask
from ICHSegmentationLib.io.atomic import (
    REPLACED_PREFIX,
    TEMPORARY_PREFIX,
    Earlier,
    atomic_folder,
    atomic_path,
    output_errors,
    tidy_after_kill,
    unfinished,
)
from ICHSegmentationLib.io.sole_writer import LOCK_PREFIX, sole_writer
from ICHSegmentationLib.volume import Volume

MASK = Volume(np.ones((2, 3, 4), np.uint8), np.diag([1.0, 1.0, 5.0, 1.0]))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refuse(monkeypatch, function, code):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(*function, fail)


def killed_while(code, folder):
    """Run code in another process that kills itself in the middle, as the system would."""
    script = (
        "import os, sys\nfrom pathlib import Path\n" + "from ICHSegmentationLib.io import atomic\n" + code
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env={**os.environ, "PYTHONPATH": ROOT})
    assert done.returncode == 9


ROOT = str(Path(__file__).resolve().parents[3])


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path):
    final = tmp_path / "new" / "mask.nii.gz"
    with atomic_path(final) as path:
        path.write_bytes(b"half")
        assert not final.exists()
        assert path.name.startswith(TEMPORARY_PREFIX)
        assert path.name.endswith("mask.nii.gz")
    assert final.read_bytes() == b"half"
    assert names(final.parent) == ["mask.nii.gz"]


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path):
    final = tmp_path / "table.csv"
    final.write_text("earlier")
    with pytest.raises(KeyError), atomic_path(final) as path:
        path.write_text("half")
        raise KeyError
    assert final.read_text() == "earlier"
    assert names(tmp_path) == ["table.csv"]


def test_a_killed_run_leaves_no_final_name_and_the_next_run_cleans_up(tmp_path):
    killed_while(
        "with atomic.atomic_path(Path('mask.nrrd')) as path:\n    path.write_bytes(b'half'); os._exit(9)",
        tmp_path,
    )
    assert [name.startswith(TEMPORARY_PREFIX) for name in names(tmp_path)] == [True]
    with atomic_path(tmp_path / "other.nrrd") as path:
        path.write_bytes(b"whole")
    assert len(names(tmp_path)) == 2, "another file's leftover is not ours to remove"
    with atomic_path(tmp_path / "mask.nrrd") as path:
        path.write_bytes(b"whole")
    assert names(tmp_path) == ["mask.nrrd", "other.nrrd"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.EACCES, NotWritableError),
        (errno.EPERM, NotWritableError),
        (errno.EROFS, NotWritableError),
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EIO, OutputError),
    ],
)
def test_what_the_file_system_says_becomes_a_clear_error(tmp_path, code, expected):
    with pytest.raises(expected, match=r"mask\.nrrd") as caught, output_errors(tmp_path / "mask.nrrd"):
        raise OSError(code, os.strerror(code))
    assert type(caught.value) is expected


def test_a_full_disk_while_a_mask_is_written_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    refuse(monkeypatch, (Path, "write_bytes"), errno.ENOSPC)
    with pytest.raises(DiskFullError):
        write_mask(MASK, tmp_path / "mask.nii.gz")
    assert names(tmp_path) == []


def test_a_full_disk_noticed_only_when_flushing_leaves_nothing(tmp_path, monkeypatch):
    refuse(monkeypatch, (os, "fsync"), errno.ENOSPC)
    with pytest.raises(DiskFullError):
        write_mask(MASK, tmp_path / "mask.nii.gz")
    assert names(tmp_path) == []


def test_a_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch):
    refuse(monkeypatch, (Path, "mkdir"), errno.EACCES)
    with pytest.raises(NotWritableError, match="not permitted"):
        write_mask(MASK, tmp_path / "closed" / "mask.nii.gz")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_disk_that_is_really_full_is_told():
    with pytest.raises(DiskFullError), output_errors(Path("/dev/full")), Path("/dev/full").open("wb") as file:
        file.write(b"0" * 10**6)


def test_a_path_below_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_mask(MASK, tmp_path / "file" / "mask.nii.gz")


def test_a_folder_appears_only_when_it_is_whole(tmp_path):
    final = tmp_path / "out" / "case"
    with atomic_folder(final) as folder:
        (folder / "report.html").write_text("page")
        assert not final.exists()
    assert names(final) == ["report.html"]
    assert names(final.parent) == ["case"]


def test_a_failed_case_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="boom"), atomic_folder(tmp_path / "case") as folder:
        (folder / "report.html").write_text("page")
        raise ValueError("boom")
    assert names(tmp_path) == []


def test_an_earlier_result_is_kept_unless_overwriting_is_asked_for(tmp_path):
    final = tmp_path / "case"
    with atomic_folder(final) as folder:
        (folder / "report.html").write_text("earlier")
    with pytest.raises(OutputExistsError), atomic_folder(final):
        pytest.fail("must be told before the work begins")
    with atomic_folder(final, overwrite=True) as folder:
        (folder / "report.html").write_text("later")
        assert (final / "report.html").read_text() == "earlier"
    assert (final / "report.html").read_text() == "later"
    assert names(tmp_path) == ["case"]


def test_an_empty_folder_is_no_earlier_result(tmp_path):
    (tmp_path / "case").mkdir()
    with atomic_folder(tmp_path / "case") as folder:
        (folder / "report.html").write_text("page")
    assert names(tmp_path / "case") == ["report.html"]


def test_overwriting_keeps_a_users_own_files_but_not_the_old_mask_in_another_format(tmp_path):
    final = tmp_path / "case"
    (final / "pictures").mkdir(parents=True)
    for name in ("segmentation.nrrd", "notes.txt", "pictures/one.png"):
        (final / name).write_text("earlier")
    with atomic_folder(final, overwrite=True) as folder:
        (folder / "segmentation.nii.gz").write_text("later")
    assert names(final) == ["notes.txt", "pictures", "segmentation.nii.gz"]
    assert names(final / "pictures") == ["one.png"]


def test_of_an_earlier_result_its_own_files_go_and_a_users_and_the_inputs_stay(tmp_path):
    final = tmp_path / "case"
    (final / "pictures").mkdir(parents=True)
    for name in ("segmentation.seg.nrrd", "uncertainty.nii.gz", "report.txt", "pictures/one.dcm"):
        (final / name).write_text("earlier")
    own = ("segmentation.*", "uncertainty.nii.gz", "report.html", "pictures")
    with atomic_folder(final, True, Earlier(own, [final / "segmentation.seg.nrrd"])) as folder:
        (folder / "segmentation.nii.gz").write_text("later")
        (folder / "report.html").write_text("later")
    assert names(final) == ["report.html", "report.txt", "segmentation.nii.gz", "segmentation.seg.nrrd"]


def test_files_that_are_no_result_are_told_as_such(tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "0001.dcm").write_text("a slice")
    with (
        pytest.raises(OutputExistsError, match="files that are no earlier result"),
        atomic_folder(tmp_path / "case", earlier=Earlier(["report.html"])),
    ):
        pytest.fail("nothing may be mixed in")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_second_run_is_told_of_the_first_and_takes_nothing_from_it(tmp_path, overwrite):
    final = tmp_path / "case"
    with atomic_folder(final, overwrite) as folder:
        (folder / "report.html").write_text("first")
        with (
            pytest.raises(OutputExistsError, match="Another run is writing"),
            atomic_folder(final, overwrite),
        ):
            pytest.fail("two runs would mix their files")
        tidy_after_kill(final)
    assert (final / "report.html").read_text() == "first"
    assert names(tmp_path) == ["case"]


def test_another_process_that_writes_a_result_is_seen_until_it_ends(tmp_path):
    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\n"
            "from ICHSegmentationLib.io.sole_writer import sole_writer\n"
            "with sole_writer(Path('case')) as alone:\n"
            "    print(alone, flush=True); sys.stdin.read()",
        ],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    with sole_writer(tmp_path / "case") as alone:
        assert not alone
    other.kill()
    other.communicate()
    with sole_writer(tmp_path / "case") as alone:
        assert alone
    assert names(tmp_path) == []


def test_a_killed_case_leaves_no_folder_and_the_next_run_cleans_up(tmp_path):
    killed_while(
        "with atomic.atomic_folder(Path('case')) as folder:\n"
        "    (folder / 'report.html').write_text('half'); os._exit(9)",
        tmp_path,
    )
    lock, half = names(tmp_path)
    assert lock == f"{LOCK_PREFIX}case"
    assert half.startswith(TEMPORARY_PREFIX)
    assert unfinished(tmp_path) == [tmp_path / "case"]
    with atomic_folder(tmp_path / "case") as folder:
        (folder / "report.html").write_text("whole")
    assert names(tmp_path) == ["case"]


def test_a_run_killed_between_the_two_renames_loses_no_earlier_result(tmp_path):
    with atomic_folder(tmp_path / "case") as folder:
        (folder / "report.html").write_text("earlier")
    killed_while(
        "rename = Path.rename\n"
        "def rename_once(path, to):\n"
        "    rename(path, to); os._exit(9)\n"
        "Path.rename = rename_once\n"
        "with atomic.atomic_folder(Path('case'), overwrite=True) as folder:\n"
        "    (folder / 'report.html').write_text('later')",
        tmp_path,
    )
    assert not (tmp_path / "case").exists()
    assert any(name.startswith(REPLACED_PREFIX) for name in names(tmp_path))
    with pytest.raises(OutputExistsError), atomic_folder(tmp_path / "case"):
        pytest.fail("the earlier result is back, and must not be overwritten unasked")
    assert (tmp_path / "case" / "report.html").read_text() == "earlier"


def test_tidying_after_a_kill_removes_what_was_half_written_and_nothing_else(tmp_path):
    for name in ("case", "other"):
        killed_while(
            f"with atomic.atomic_folder(Path('{name}')) as folder:\n"
            "    (folder / 'report.html').write_text('half'); os._exit(9)",
            tmp_path,
        )
    tidy_after_kill(tmp_path / "case")
    assert {name.rpartition("-")[2] for name in names(tmp_path)} == {"other"}


def test_tidying_after_a_kill_between_the_two_renames_brings_the_earlier_result_back(tmp_path):
    replaced = tmp_path / f"{REPLACED_PREFIX}0-case"
    replaced.mkdir()
    (replaced / "report.html").write_text("earlier")
    tidy_after_kill(tmp_path / "case")
    assert names(tmp_path) == ["case"]
    assert (tmp_path / "case" / "report.html").read_text() == "earlier"


def held(monkeypatch, times):
    """As on Windows, where a virus scanner looks at what was written while it is renamed so many times."""
    monkeypatch.setattr("ICHSegmentationLib.io.atomic._OPEN_FILES_STAY", True)
    monkeypatch.setattr("ICHSegmentationLib.io.atomic._HELD_S", 0.2)
    for name in ("rename", "replace"):
        monkeypatch.setattr(Path, name, refused_at_first(getattr(Path, name), times))


def refused_at_first(rename, times):
    tries = itertools.count()

    def tried(path, target):
        if next(tries) < times:
            raise PermissionError(errno.EACCES, "Access is denied")
        return rename(path, target)

    return tried


def test_what_is_held_for_a_moment_is_renamed_after_it(tmp_path, monkeypatch):
    held(monkeypatch, 2)
    with atomic_path(tmp_path / "mask") as path:
        path.write_bytes(b"whole")
    with atomic_folder(tmp_path / "result") as folder:
        (folder / "mask").write_bytes(b"whole")
    assert names(tmp_path) == ["mask", "result"]


def test_what_a_program_keeps_open_is_told_with_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "summary.csv").write_text("earlier")
    held(monkeypatch, 10**6)
    told = pytest.raises(NotWritableError, match="Close the programs that show it")
    with told, atomic_path(tmp_path / "summary.csv") as path:
        path.write_text("new")
    assert (tmp_path / "summary.csv").read_text() == "earlier"
    assert names(tmp_path) == ["summary.csv"]


def test_a_folder_without_locks_is_told(tmp_path, monkeypatch):
    """As older versions of filelock tell it."""

    def no_locks(*_, **__):
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", no_locks)
    with pytest.raises(OutputError, match=os.strerror(errno.ENOLCK)), atomic_folder(tmp_path / "result"):
        pass
    assert not names(tmp_path)
