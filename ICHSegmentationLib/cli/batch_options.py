"""The options of ``ichseg batch``."""

import argparse
from pathlib import Path

from .detect_options import add_detector_options
from .network_options import add_network_options


def add_batch_options(command: argparse.ArgumentParser) -> None:
    """All but those of every command that writes results."""
    command.add_argument(
        "input",
        type=Path,
        metavar="INPUT",
        help="a folder of images, a tree of DICOM, or a .csv with the columns case, path and perhaps mask: "
        "with a mask the scan is measured instead of segmented",
    )
    add_network_options(command)
    add_detector_options(command)
    command.add_argument(
        "--workers", type=int, metavar="N", help="processes at once (default: as cores and memory allow)"
    )
    command.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="let the machines of a Ray cluster do the cases: its address, auto for the one that this "
        "machine belongs to, or local for one of this machine alone",
    )
    command.add_argument(
        "--limit-memory", type=float, metavar="MB", help="what each worker may take at most (Linux)"
    )
    command.add_argument("--retry", action="store_true", help="do the cases again that have failed")
    command.add_argument(
        "--dry-run", action="store_true", help="tell what would be done with each case, and do nothing"
    )
