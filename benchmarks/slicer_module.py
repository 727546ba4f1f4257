"""The limits that the Slicer module keeps, each beside what was measured.

    python benchmarks/slicer_module.py

1. From the button to the shown result, everything but the networks takes less than 1.5 s on a CT of
   512 x 512 x 32. Measured in a second run: the process with the loaded model has stayed since the first.
2. The panel's thread never stands still for longer than 100 ms while the worker runs.
3. After an edit on a CT of 512 x 512 x 300, the numbers are there within a second.

The panel, the scene (slicer-core) and the worker with the default model are real; the window is Qt without a
screen. Seconds by the clock hold on an idle machine only, so the processor time of the panel's thread stands
beside them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panel_responsiveness import Heartbeat, add_scan, beats_until, put_python_slicer_on_the_path
from slicer_scene_speed import HEIGHT_MM, PIXEL_MM, blood, head

NETWORKS = ("detect", "locate", "refine")
"""The stages of ``measurements.json`` in which a network runs."""

EDITS = 5


@dataclass(frozen=True)
class Run:
    """One press of the button.

    Attributes:
        button_to_worker, worker, worker_to_shown, surfaces: the panel's thread in each phase.
        stages_s: seconds of the worker's stages.
    """

    button_to_worker: Heartbeat
    worker: Heartbeat
    worker_to_shown: Heartbeat
    surfaces: Heartbeat
    stages_s: dict[str, float]

    @property
    def total_s(self) -> float:
        return seconds((self.button_to_worker, self.worker, self.worker_to_shown))

    @property
    def networks_s(self) -> float:
        return sum(self.stages_s.get(stage, 0.0) for stage in NETWORKS)


def main() -> None:
    first, second = in_a_panel(lambda panel: [run(panel), run(panel)], scan_to_segment)
    edits = in_a_panel(edit, segmented_scan)
    print("| what | limit | measured | processor time of the panel's thread |")
    print("| --- | --- | --- | --- |")
    row("beside the networks, second run, s", "1.5", second.total_s - second.networks_s, cpu_s(second))
    row("of these in the worker's other stages", "", sum(second.stages_s.values()) - second.networks_s)
    row("of these on the panel's thread", "", seconds((second.button_to_worker, second.worker_to_shown)))
    row("beside the networks, first run (starts the worker)", "", first.total_s - first.networks_s)
    for name, one in (("first", first), ("second", second)):
        heart = one.worker
        row(f"longest stand-still, {name} run, ms", "100", max(heart.walls_ms), max(heart.cpus_ms))
    row("longest stand-still, surfaces, ms", "", max(second.surfaces.walls_ms), max(second.surfaces.cpus_ms))
    row("numbers after an edit, s", "1", max(wall for wall, _ in edits), max(cpu for _, cpu in edits))


def row(what: str, limit: str, measured: float, cpu: float | None = None) -> None:
    print(f"| {what} | {limit} | {measured:.3g} | {'' if cpu is None else f'{cpu:.3g}'} |", flush=True)


def seconds(hearts: Iterable[Heartbeat]) -> float:
    return sum(sum(heart.walls_ms) for heart in hearts) / 1000


def cpu_s(one: Run) -> float:
    hearts = one.button_to_worker, one.worker, one.worker_to_shown
    return sum(sum(heart.cpus_ms) for heart in hearts) / 1000


def run(panel: Any) -> Run:
    """Press the button, and wait for the surfaces of the result."""
    work = panel.panel._scan._run
    phases = (
        beats_until(lambda: work.working, panel.ui.applyButton.click),
        beats_until(lambda: not work.working),
        beats_until(lambda: not work.active),
        beats_until(lambda: not work.finishing),
    )
    if panel.said():
        raise SystemExit(f"The run failed: {panel.said()}")
    return Run(*phases, panel.panel.session.measurements["timings_s"])


def edit(panel: Any) -> list[tuple[float, float]]:
    """Strokes of the brush: seconds from the end of each to its numbers, by the clock and of the panel's
    thread."""
    from segments import paint

    panel.settle(lambda: panel.panel.session.measurements is not None, 600)
    panel.settle(seconds=5)
    session, taken = panel.panel.session, []
    for stroke in range(EDITS):
        before = session.measurements
        box = slice(100, 104), slice(200 + 8 * stroke, 206 + 8 * stroke), slice(250, 256)
        paint(session.segmentation, session.scan, "intraparenchymal", box)
        wall, cpu = time.perf_counter(), time.thread_time()
        panel.settle(lambda before=before: session.measurements is not before, 60)
        taken.append((time.perf_counter() - wall, time.thread_time() - cpu))
    return taken


def scan_to_segment(scene: Any) -> None:
    add_scan(scene, 32)


def segmented_scan(scene: Any) -> None:
    import numpy as np
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation
    from volumes import make_scan

    scan = make_scan(scene, np.diag([-PIXEL_MM, -PIXEL_MM, HEIGHT_MM / 300, 1.0]), head(300))
    add_segmentation(scene, scan, blood(300), None)


def in_a_panel(work: Callable[[Any], Any], fill: Callable[[Any], None]) -> Any:
    """What ``work`` gives for the panel, opened on a scene that is filled before."""
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
        fill(booted.scene)
        panel = OpenPanel()
        try:
            return work(panel)
        finally:
            panel.close()
            booted.close()


if __name__ == "__main__":
    main()
