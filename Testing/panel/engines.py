"""Workers for tests: on the real library, or on a small program that behaves as a test wants."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from ICHSegmentationSlicerLib.interpreter import Interpreter
from ICHSegmentationSlicerLib.outcome import Outcome
from ICHSegmentationSlicerLib.worker import Worker
from immortal_none import keep_none
from PySide6.QtCore import QCoreApplication, QProcess, QTimer

from ICHSegmentationLib import events
from ICHSegmentationLib.settings import SegmentationSettings

keep_none()

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = SegmentationSettings(device="cpu", threads=1)

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
THE_LIBRARY = Interpreter(sys.executable, ENVIRONMENT, ROOT)


def write_head(path: Path) -> float:
    """A scan of ellipsoids: a skull, a brain, a bleeding of 70 HU; gives the bleeding's volume in mL."""
    shape, mm = (26, 100, 90), np.array([5.0, 2.0, 2.0])
    places = np.stack(np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape], indexing="ij"), axis=-1) * mm
    hu = np.full(shape, -1000, np.int16)
    for radii, value in (((62, 92, 78), 1000), ((56, 86, 72), 35), ((9, 13, 18), 70)):
        hu[((places / radii) ** 2).sum(axis=-1) <= 1] = value
    nib.save(nib.Nifti1Image(hu.T, np.diag([-mm[2], -mm[1], mm[0], 1.0])), path)
    return np.count_nonzero(hu == 70) * mm.prod() / 1000


def engine(folder: Path, code: str) -> Interpreter:
    """An interpreter whose ``ICHSegmentationLib`` is ``code``, which may use ``tell`` and ``arguments``."""
    package = folder / "engine" / "ICHSegmentationLib"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    tell = "def tell(**event):\n    print(json.dumps(event), flush=True)\n"
    begin = "tell(event='process', pid=os.getpid())\ntell(event='started', case='ct', input='ct.nii.gz')\n"
    script = "import json, os, signal, sys, time\narguments = sys.argv[1:]\n" + tell + begin
    (package / "__main__.py").write_text(script + textwrap.dedent(code), encoding="utf-8")
    return Interpreter(sys.executable, ENVIRONMENT, package.parent)


def with_launcher(interpreter: Interpreter, folder: Path) -> Interpreter:
    """The same, started through a program that waits for it, as PythonSlicer does."""
    launcher = folder / "launcher.sh"
    launcher.write_text(f'#!/bin/sh\n"{interpreter.program}" "$@" </dev/null\nexit $?\n')
    launcher.chmod(0o755)
    return Interpreter(str(launcher), interpreter.environment, interpreter.library_folder)


@dataclass
class Heard:
    """A worker, and what its two callbacks were told."""

    interpreter: Interpreter
    grace_ms: int = 20_000
    events: list[events.Event] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.worker = Worker(
            QProcess,
            self.interpreter,
            self.events.append,
            lambda milliseconds, work: QTimer.singleShot(self.grace_ms, work),
            self.outcomes.append,
        )

    def start(self, scan: Path, out_dir: Path) -> Heard:
        self.worker.start(scan, out_dir, SETTINGS)
        return self

    def of_kind(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def pid(self) -> int:
        """Of the interpreter, which may still have to say it."""
        until(lambda: bool(self.of_kind(events.ProcessStarted)))
        return self.of_kind(events.ProcessStarted)[0].pid

    def outcome(self, seconds: float = 300) -> Outcome:
        """How the run ends."""
        until(lambda: bool(self.outcomes), seconds)
        return self.outcomes[0]


def until(happened: Callable[[], bool], seconds: float = 300) -> None:
    """Let Qt work until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        QCoreApplication.processEvents()
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").is_file() or "Z" not in Path(f"/proc/{pid}/stat").read_text().split()
