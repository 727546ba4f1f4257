"""A batch whose segmenter is a threshold, and scans that make it misbehave; also as a process of its own."""

import errno
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
_UNIT = ROOT / "Testing" / "unit"
PATHS = [str(ROOT), str(_UNIT), str(_UNIT / "io"), str(_UNIT / "batch")]
sys.path[:0] = [path for path in PATHS if path not in sys.path]

from fakes import FakeSegmentation, FakeSegmenter, head, write_nifti  # noqa: E402

from ICHSegmentationLib import models  # noqa: E402
from ICHSegmentationLib.batch import BatchOptions, run_batch  # noqa: E402
from ICHSegmentationLib.errors import NotWritableError  # noqa: E402
from ICHSegmentationLib.settings import SegmentationSettings  # noqa: E402
from ICHSegmentationLib.volume import CTVolume  # noqa: E402

CRASHES, STUMBLES, SLEEPS, FILLS_THE_DISK, IS_HELD = 801, 802, 803, 804, 807
"""HU of a scan's first voxel."""
WAITS_ONCE, WAITS_ONCE_TOO = 805, 806
"""The first worker that meets such a scan tells its process id and its parent's, and waits to be ended."""


def write_scan(path: Path, shift: int = 0, mark: int = -1000) -> Path:
    """A small head whose bleeding is moved by ``shift`` columns, so that no two scans are alike."""
    voxels = np.roll(head((12, 50, 50)), shift, axis=2)
    voxels[0, 0, 0] = mark
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_nifti(path, voxels)


@dataclass
class MarkedSegmenter:
    """Does what the scan's mark says, and else what :class:`FakeSegmenter` does."""

    inner: FakeSegmenter
    waiting: Path | None = None

    @property
    def model(self) -> models.ModelFolder:
        return self.inner.model

    def __call__(self, ct: CTVolume, progress: Callable[[str, float], None]) -> FakeSegmentation:
        mark = ct.voxels[0, 0, 0]
        if mark == CRASHES:
            os._exit(9)
        if mark == STUMBLES:
            raise RuntimeError("the stub stumbled")
        if mark == SLEEPS:
            time.sleep(600)
        if mark == FILLS_THE_DISK:
            _fill_the_disk()
        if mark == IS_HELD:
            raise NotWritableError("Expected to write the result, but that is not permitted.")
        if mark in (WAITS_ONCE, WAITS_ONCE_TOO):
            self._wait_once(f"{mark}")
        return self.inner(ct, progress)

    def _wait_once(self, name: str) -> None:
        assert self.waiting
        told = self.waiting / name
        if not told.exists():
            told.with_suffix(".part").write_text(f"{os.getpid()} {os.getppid()}")
            told.with_suffix(".part").replace(told)
            time.sleep(600)


def _fill_the_disk() -> None:
    from ICHSegmentationLib.report import write

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write.write_report = full  # type: ignore[assignment]


def load_stub(settings: SegmentationSettings) -> MarkedSegmenter:
    return MarkedSegmenter(FakeSegmenter(models.find(settings.model)))


def load_waiting(waiting: Path, settings: SegmentationSettings) -> MarkedSegmenter:
    return MarkedSegmenter(FakeSegmenter(models.find(settings.model)), waiting)


def main() -> int:
    """``batch_stub.py INPUT OUT MODEL WORKERS [RAY]``: a batch as ``ichseg batch`` runs one; tells events."""
    from batch_stub import load_stub  # by the name under which a worker finds it

    from ICHSegmentationLib.cli.failures import attempt, cancelled_by_signals, tell
    from ICHSegmentationLib.errors import ICHError
    from ICHSegmentationLib.events import json_lines

    source, out_dir, model, workers, *ray = sys.argv[1:]
    settings = SegmentationSettings(model=model, device="cpu", detect=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
    stdout = sys.stdout
    with cancelled_by_signals(), redirect_stdout(sys.stderr):  # as the command does: Ray prints
        outcome = attempt(
            lambda: (
                run_batch(
                    Path(source),
                    Path(out_dir),
                    settings,
                    BatchOptions(workers=int(workers), ray=ray[0] if ray else None),
                    json_lines(stdout),
                    load_stub,
                ).exit_code
            )
        )
    if isinstance(outcome, ICHError):
        tell(outcome)
        return outcome.exit_code
    return outcome


if __name__ == "__main__":
    sys.exit(main())
