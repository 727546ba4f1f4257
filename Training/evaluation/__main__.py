"""Compare a folder of masks, made by whatever tool, with reference masks."""

import argparse
import logging
import sys
from pathlib import Path

from ICHSegmentationLib.errors import ICHError

from .folder import evaluate_folder

_log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Training.evaluation", description=__doc__)
    parser.add_argument(
        "--predictions", type=Path, required=True, help="folder with NAME.nii.gz, or NAME/segmentation.nii.gz"
    )
    parser.add_argument(
        "--references", type=Path, required=True, help="folder of masks, or cases.csv of a prepared data set"
    )
    parser.add_argument("--images", type=Path, help="folder with the scans, for the pictures")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the report")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        evaluate_folder(chosen.predictions, chosen.references, chosen.out, chosen.images)
    except ICHError as error:
        _log.error("%s", error)
        return error.exit_code
    _log.info("Report: %s", chosen.out / "report.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
