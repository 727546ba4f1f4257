"""Whether every engine gives the mask that PyTorch gives, on the validation scans of the data folder.

    python benchmarks/engines_agree.py ../shared/data [--engines openvino] [--cases 3]

Ends with 1 where a scan's Dice is below 0.995 or its volume differs by more than 0.5 %. Where both found
nothing, they agree.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

from ICHSegmentationLib import models
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.inference.engines.choice import engines_here
from ICHSegmentationLib.io import read_ct

LEAST_DICE, MOST_DIFFERENCE = 0.995, 0.005


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with cases.csv")
    parser.add_argument("--engines", nargs="+", default=[name for name in engines_here() if name != "torch"])
    parser.add_argument("--cases", type=int, help="only so many, evenly spread")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    model = models.default_model()
    reference = Segmenter(model, "cpu", arguments.threads, "torch")
    others = {name: Segmenter(model, "cpu", arguments.threads, name) for name in arguments.engines}
    print("| case | engine | mL, torch | mL | Dice |\n| --- | --- | --- | --- | --- |")
    apart = 0
    for case in validation_cases(arguments.data, arguments.cases):
        ct = read_ct(arguments.data / f"{case}_ct.nii.gz")
        expected = reference(ct).mask.voxels > 0
        for name, segmenter in others.items():
            result = segmenter(ct)
            if result.engine != name:
                sys.exit(f"{name} does not run here: {result.warnings}")
            found = result.mask.voxels > 0
            counts = np.count_nonzero(expected), np.count_nonzero(found)
            dice = 2 * np.count_nonzero(expected & found) / sum(counts) if sum(counts) else 1.0
            apart += dice < LEAST_DICE or abs(counts[1] - counts[0]) > MOST_DIFFERENCE * counts[0]
            ml = [f"{count * ct.grid.voxel_volume_mm3 / 1000:.2f}" for count in counts]
            print(f"| {case} | {name} | {ml[0]} | {ml[1]} | {dice:.5f} |", flush=True)
    print(f"\n{apart} of the results lie apart.")
    return 1 if apart else 0


def validation_cases(data: Path, count: int | None) -> list[str]:
    with (data / "cases.csv").open(newline="") as stream:
        cases = [row["case"] for row in csv.DictReader(stream) if row["split"] == "validation"]
    return cases if count is None else cases[:: -(-len(cases) // count)]


if __name__ == "__main__":
    sys.exit(main())
