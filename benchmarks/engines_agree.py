"""Whether every engine gives the mask that PyTorch gives, on the validation scans of the data folder.

    python benchmarks/engines_agree.py ../shared/data [--engines openvino] [--cases 3]
    python benchmarks/engines_agree.py ../shared/data --device cuda --engines amp torch

Each is compared with PyTorch in full precision on the CPU. Ends with 1 where a scan's Dice is below 0.995 or
its volume differs by more than 0.5 %. Where both found nothing, they agree. Each scan's comparison is written
down at once (``--state``) and not made again, so that a run that was ended goes on where it stood; other
weights begin anew. About 6 minutes on two idle cores.
"""

import argparse
import csv
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from processes import machine, table
from stored import Measured, Stored

from ICHSegmentationLib import __version__, models
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.inference.engines.choice import engines_here
from ICHSegmentationLib.io import read_ct

LEAST_DICE, MOST_DIFFERENCE = 0.995, 0.005

Open = Callable[[str, str], Segmenter]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with cases.csv")
    parser.add_argument("--engines", nargs="+", default=[name for name in engines_here() if name != "torch"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "mps"], help="of those engines")
    parser.add_argument("--cases", type=int, help="only so many, evenly spread")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--state", type=Path, default=Path("build/performance/engines.json"))
    arguments = parser.parse_args()
    model = models.default_model()
    facts = {"machine": machine(), "version": __version__, "model": model.manifest.sha256}
    stored = Stored(arguments.state, facts)

    @cache
    def opened(engine: str, device: str) -> Segmenter:
        return Segmenter(model, device, arguments.threads, engine)

    cases = validation_cases(arguments.data, arguments.cases)
    for case in cases:
        scan = arguments.data / f"{case}_ct.nii.gz"
        stored.make(
            task_name(case, arguments),
            lambda scan=scan: compared(scan, arguments.engines, arguments.device, opened),
        )
    rows, apart = [], 0
    for case in cases:
        found = stored[task_name(case, arguments)]
        for engine, one in found["engines"].items():
            apart += lies_apart(one, found["torch_ml"])
            rows.append([case, engine, f"{found['torch_ml']:.2f}", f"{one['ml']:.2f}", f"{one['dice']:.5f}"])
    print(table(["case", "engine", "mL, torch", "mL", "Dice"], rows))
    least = min(float(row[-1]) for row in rows)
    print(f"\n{apart} of {len(rows)} results lie apart. Lowest Dice: {least:.5f}.")
    return 1 if apart else 0


def lies_apart(one: Measured, torch_ml: float) -> bool:
    return bool(one["dice"] < LEAST_DICE or abs(one["ml"] - torch_ml) > MOST_DIFFERENCE * torch_ml)


def task_name(case: str, arguments: argparse.Namespace) -> str:
    where = "" if arguments.device == "cpu" else f" on {arguments.device}"
    return f"{case}, {' '.join(arguments.engines)}{where}"


def compared(scan: Path, engines: list[str], device: str, opened: Open) -> Measured:
    """Volume and Dice of each engine's mask against PyTorch's."""
    ct = read_ct(scan)
    expected = opened("torch", "cpu")(ct).mask.voxels > 0
    ml = ct.grid.voxel_volume_mm3 / 1000
    found = {}
    for engine in engines:
        result = opened(engine, device)(ct)
        if (result.engine, result.device) != (engine, device):
            sys.exit(f"{engine} does not run here: {result.warnings}")
        mask = result.mask.voxels > 0
        total = int(np.count_nonzero(mask)) + int(np.count_nonzero(expected))
        dice = 2 * int(np.count_nonzero(expected & mask)) / total if total else 1.0
        found[engine] = {"ml": np.count_nonzero(mask) * ml, "dice": dice}
    return {"torch_ml": np.count_nonzero(expected) * ml, "engines": found}


def validation_cases(data: Path, count: int | None) -> list[str]:
    with (data / "cases.csv").open(newline="") as stream:
        cases = [row["case"] for row in csv.DictReader(stream) if row["split"] == "validation"]
    return cases if count is None else cases[:: -(-len(cases) // count)]


if __name__ == "__main__":
    sys.exit(main())
