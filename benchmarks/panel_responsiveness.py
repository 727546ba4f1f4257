"""How long the panel's thread is ever busy while a scan is segmented: the longest gap of its event loop.

    python benchmarks/panel_responsiveness.py [--slices 32 300]

The panel, the scene and the worker with the default model are real; the window is Qt without a screen
(PySide6) and the scan a phantom of 512 x 512 pixels. A timer beats every few milliseconds; a gap is the time
from one beat to the next. On a machine that does other work too, a gap is also long where the thread had to
wait for a processor: so the processor time that the thread itself took in its busiest gap stands beside it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(ROOT / "Testing" / part) for part in ("panel", "mrml")]
sys.path[:0] = [str(ROOT / "ICHSegmentation"), str(ROOT)]

BEAT_MS = 2
LIMIT_S = 1800


@dataclass
class Heartbeat:
    """The times from beat to beat of a timer on the panel's thread, and the thread's processor times."""

    walls_ms: list[float] = field(default_factory=list)
    cpus_ms: list[float] = field(default_factory=list)
    _last: tuple[float, float] | None = None

    def beat(self) -> None:
        now = time.perf_counter(), time.thread_time()
        if self._last is not None:
            self.walls_ms.append(1000 * (now[0] - self._last[0]))
            self.cpus_ms.append(1000 * (now[1] - self._last[1]))
        self._last = now

    def row(self, phase: str) -> str:
        from numpy import percentile

        walls = self.walls_ms
        return (
            f"| {phase} | {len(walls)} | {percentile(walls, 50):.1f} | {percentile(walls, 99):.1f} "
            f"| {max(walls):.0f} | {max(self.cpus_ms):.0f} |"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--slices", type=int, nargs="+", default=[32], help="default: 32")
    slices = options.parse_args().slices
    print("| phase | beats | median gap, ms | 99 % below, ms | longest gap, ms | most CPU in a gap, ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for depth in slices:
        measure(depth)


def measure(depth: int) -> None:
    """Open the panel on a phantom, press the button, and print a row for each phase."""
    from boot import boot
    from desktop import install
    from immortal_none import keep_none
    from opening import OpenPanel

    keep_none()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        put_python_slicer_on_the_path(folder)
        booted = boot(folder)
        install(booted, folder)
        add_scan(booted.scene, depth)
        panel = OpenPanel()
        run(panel, depth)
        panel.close()
        booted.close()


def run(panel: Any, depth: int) -> None:
    work = panel.panel._scan._run
    start = beats_until(lambda: work.working, panel.ui.applyButton.click)
    worker = beats_until(lambda: not work.working)
    result = beats_until(lambda: not work.active)
    surfaces = beats_until(lambda: not work.finishing)
    # The gap in which the worker ends is that in which its result begins to be shown.
    for kept, whole in ((result.walls_ms, worker.walls_ms), (result.cpus_ms, worker.cpus_ms)):
        kept.append(whole.pop())
    for phase, heart in (
        ("from the button to the worker", start),
        ("while the worker runs", worker),
        ("until the result is shown", result),
        ("until its surfaces are", surfaces),
    ):
        print(heart.row(f"512 x 512 x {depth}, {phase}"), flush=True)
    if panel.said():
        sys.exit(f"The run failed: {panel.said()}")
    print(f"<!-- {panel.said('headlineLabel')} -->", flush=True)


def beats_until(over: Any, begin: Any = None) -> Heartbeat:
    """Let Qt's own event loop begin something, and run until something is over."""
    from PySide6 import QtCore

    heart, loop = Heartbeat(), QtCore.QEventLoop()
    end = time.monotonic() + LIMIT_S

    def beat() -> None:
        heart.beat()
        if over() or time.monotonic() > end:
            loop.quit()

    timer = QtCore.QTimer()
    timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    timer.start(BEAT_MS)
    heart.beat()
    if begin is not None:
        QtCore.QTimer.singleShot(0, begin)
    loop.exec()
    timer.stop()
    return heart


def add_scan(scene: Any, depth: int) -> None:
    import numpy as np
    import slicer

    from ICHSegmentationLib.phantom import make_phantom

    thickness = 160.0 / depth
    ct = make_phantom(3, "intraparenchymal", 31.0, (depth, 512, 512), (thickness, 0.45, 0.45)).ct
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.updateVolumeFromArray(node, ct.voxels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.asarray(ct.affine)))
    node.CreateDefaultDisplayNodes()


def put_python_slicer_on_the_path(folder: Path) -> None:
    """A launcher of this Python in the place of Slicer's."""
    if os.name == "nt":
        sys.exit("The launcher that stands for PythonSlicer is a shell script: run this on Linux or macOS.")
    launcher = folder / "PythonSlicer"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    launcher.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


if __name__ == "__main__":
    main()
