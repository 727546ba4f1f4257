"""Whoever reads a command may have gone, as ``head`` goes: the exit code still tells of the work."""

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeSegmenter

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli import main

Unread = Callable[..., int]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows knows no broken pipe")


class WindowsPipe(io.FileIO):
    """Tells that nobody reads as Windows does."""

    def write(self, data: Any, /) -> int | None:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise OSError(errno.EINVAL, "Invalid argument") from error


@pytest.fixture(params=[io.FileIO, WindowsPipe])
def unread(request: pytest.FixtureRequest) -> Unread:
    """The exit code of a command that nobody reads; its streams end as those of a process do."""

    def run(*arguments: object) -> int:
        reader, writer = os.pipe()
        os.close(reader)
        pipe = io.BufferedWriter(request.param(writer, "w"))
        with pytest.MonkeyPatch.context() as patch, io.TextIOWrapper(pipe) as stream:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            return main([str(argument) for argument in arguments])

    return run


def test_all_cases_are_done(unread: Unread, a_ct: Path, no_network: FakeSegmenter, tmp_path: Path) -> None:
    other = a_ct.with_name("other.nii.gz")
    other.write_bytes(a_ct.read_bytes())
    assert unread("segment", a_ct, other, "-o", tmp_path / "out") == 0
    assert {case.name for case in (tmp_path / "out").iterdir()} == {"ct", "other"}


def test_a_batch_is_planned(unread: Unread, a_ct: Path, tmp_path: Path) -> None:
    assert unread("batch", a_ct.parent, "-o", tmp_path / "out", "--dry-run") == 0


def test_models_are_imported_listed_and_removed(
    unread: Unread, a_model_folder: Path, the_store: Path
) -> None:
    assert unread("models", "import", a_model_folder) == 0
    assert unread("models", "list") == 0
    assert unread("models", "remove", "small") == 0


def test_an_error_keeps_its_exit_code(unread: Unread, tmp_path: Path) -> None:
    assert unread("models", "remove", "absent") == errors.ModelNotFoundError.exit_code
    assert unread("segment", tmp_path / "absent", "-o", tmp_path) == errors.InputError.exit_code


def test_a_program_that_has_gone_cancels_the_work_it_listened_to(
    unread: Unread, a_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    code = unread("segment", a_ct, "-o", tmp_path / "out", "--events", "jsonl")
    assert code == errors.CancelledError.exit_code
