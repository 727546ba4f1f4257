"""The parameters that tell subtypes, from the data folder: prepare, fit, evaluate."""

import argparse
import logging
import sys
from pathlib import Path

from ICHSegmentationLib.subtypes.classifier import PARAMETERS

from .evaluate import evaluate
from .fit import write_parameters
from .prepare import prepare, read_split


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Training.subtypes", description=__doc__)
    parser.add_argument("step", choices=["prepare", "fit", "evaluate", "all"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the data folder")
    parser.add_argument("--out", type=Path, default=Path("runs/subtypes"), help="the samples")
    parser.add_argument(
        "--masks", type=Path, help="evaluate: results of ichseg segment on the traumatic scans"
    )
    parser.add_argument(
        "--page", type=Path, default=Path("docs/subtypes.md"), help="evaluate: page with tables"
    )
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    if chosen.step in ("prepare", "all"):
        for split in ("train", "validation"):
            prepare(chosen.data, chosen.out, split)
    if chosen.step in ("fit", "all"):
        write_parameters(read_split(chosen.out, "train"), PARAMETERS)
    if chosen.step in ("evaluate", "all"):
        evaluate(chosen.data, chosen.out, chosen.masks, chosen.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
