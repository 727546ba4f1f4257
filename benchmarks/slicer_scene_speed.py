"""How long Slicer's scene takes to hand out a scan and to show a result, with Slicer's own classes.

    python benchmarks/slicer_scene_speed.py --slices 32 300

Needs slicer-core. Each figure is the median of some repeats, each with a fresh node; the first is left out.
CPU-s count every thread and hold on a busy machine, where seconds by the clock do not. What is added to the
network's own time is the row "together"; the last row is what an edit costs.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "ICHSegmentation"), str(ROOT / "Testing" / "mrml")]

IN_PLANE = 512
PIXEL_MM, HEIGHT_MM = 0.45, 160.0
EDIT = "measure again after an edit"

Times = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slices", type=int, nargs="+", default=[32])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    columns = {slices: times_of_steps(slices, arguments.repeats) for slices in arguments.slices}
    print("| step | " + " | ".join(f"512 x 512 x {slices}, s | CPU-s" for slices in columns) + " |")
    print("| --- |" + " --- | --- |" * len(columns))
    for step in next(iter(columns.values())):
        cells = [f"{times[step][0]:.3f} | {times[step][1]:.3f}" for times in columns.values()]
        print(f"| {step} | " + " | ".join(cells) + " |")


def times_of_steps(slices: int, repeats: int) -> dict[str, Times]:
    """Seconds by the clock and of the processor, by step."""
    from boot import boot
    from volumes import make_scan

    with tempfile.TemporaryDirectory() as folder:
        booted = boot(Path(folder))
        affine = np.diag([-PIXEL_MM, -PIXEL_MM, HEIGHT_MM / slices, 1.0])
        scan = make_scan(booted.scene, affine, head(slices))
        runs = [run(booted.scene, scan, blood(slices), Path(folder)) for _ in range(repeats + 1)][1:]
        booted.close()
    medians = {step: median([times[step] for times in runs]) for step in runs[0]}
    last = medians.pop(EDIT)
    wall, cpu = (sum(column) for column in zip(*medians.values(), strict=True))
    return {**medians, "together": (wall, cpu), EDIT: last}


def median(times: list[Times]) -> Times:
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    return wall, cpu


def run(scene: Any, scan: Any, mask: NDArray[np.uint8], folder: Path) -> dict[str, Times]:
    from ICHSegmentationSlicerLib.corrections import remeasure
    from ICHSegmentationSlicerLib.measurement_table import fill_table, rows_of
    from ICHSegmentationSlicerLib.scan_export import check_scan, write_scan
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, show
    from ICHSegmentationSlicerLib.slice_views import apply_brain_window, jump_to

    from ICHSegmentationLib.io import read_ct, read_mask, write_mask
    from ICHSegmentationLib.measurement import measure
    from ICHSegmentationLib.volume import Volume

    times: dict[str, Times] = {}
    timed(times, "check the scan", lambda: check_scan(scan))
    path = timed(times, "write the scan", lambda: write_scan(scan, folder / "scan.nii"))
    ct = read_ct(path)
    write_mask(Volume(mask, ct.affine), folder / "mask.nii.gz", ct)
    measurements = measure(Volume(mask, ct.affine)).to_dict()

    def look() -> None:
        apply_brain_window(scan)
        jump_to(scene, rows_of(measurements)[0].place)

    read = timed(times, "read the mask", lambda: read_mask(folder / "mask.nii.gz"))
    node = timed(times, "make the segmentation", lambda: add_segmentation(scene, scan, read.voxels, None))
    timed(times, "outlines", lambda: show(node, scan))
    timed(times, "surfaces", lambda: list(make_surfaces(node)))
    table = timed(times, "fill the table", lambda: fill_table(scene, measurements, scan))
    timed(
        times,
        "window and jump",
        look,
    )
    timed(times, EDIT, lambda: remeasure(scan, node))
    if not np.array_equal(mask_of(node, scan), mask):
        sys.exit("The segments are not the mask that they were made of.")
    scene.RemoveNode(node)
    scene.RemoveNode(table)
    return times


def timed(times: dict[str, Times], step: str, work: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    times[step] = time.perf_counter() - wall, time.process_time() - cpu
    return result


def head(slices: int) -> NDArray[np.int16]:
    """``[D, H, W]`` HU: a skull full of brain, with noise."""
    rng = np.random.default_rng(0)
    radius = distance(slices, (0, 0, 0), (75, 95, 75))
    voxels = np.where(radius < 0.92, 32, np.where(radius < 1, 900, -1000)).astype(np.int16)
    return voxels + rng.integers(-8, 9, voxels.shape, dtype=np.int16)


def blood(slices: int) -> NDArray[np.uint8]:
    """``[D, H, W]``: parenchymal (34 mL), ventricular, and a subarachnoid and a subdural shell."""
    mask = np.zeros((slices, IN_PLANE, IN_PLANE), np.uint8)
    radius = distance(slices, (0, 0, 0), (69, 87, 69))
    rows, columns = np.mgrid[:IN_PLANE, :IN_PLANE]
    mask[(radius > 0.97) & (radius < 1) & (columns < 180)] = 5
    mask[(radius > 0.90) & (radius < 0.93) & (columns > 330) & (rows % 64 < 40)] = 4
    mask[distance(slices, (25, -10, 5), (18, 25, 18)) < 1] = 2
    mask[distance(slices, (-8, 0, 10), (6, 25, 9)) < 1] = 3
    return mask


def distance(slices: int, centre: tuple[int, int, int], radii: tuple[int, int, int]) -> NDArray[np.float32]:
    """``[D, H, W]``: 1 on an ellipsoid given in mm from the middle (column, row, slice)."""
    lengths = (PIXEL_MM, PIXEL_MM, HEIGHT_MM / slices)
    counts = (IN_PLANE, IN_PLANE, slices)
    axes = [
        ((np.arange(n) - (n - 1) / 2) * mm - middle) / radius
        for n, mm, middle, radius in zip(counts, lengths, centre, radii, strict=True)
    ]
    squares = [np.square(axis).astype(np.float32) for axis in axes]
    return np.sqrt(squares[2][:, None, None] + squares[1][:, None] + squares[0])


if __name__ == "__main__":
    main()
