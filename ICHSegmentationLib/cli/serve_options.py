"""The options of ``ichseg serve``."""

import argparse

from .serve_dicom_options import add_dicom_options


def add_serve_options(command: argparse.ArgumentParser) -> None:
    """One way of serving must be chosen; the other options each belong to one of them."""
    ways = command.add_mutually_exclusive_group(required=True)
    ways.add_argument(
        "--local",
        action="store_true",
        help="keep the model loaded: requests on stdin, events on stdout, one JSON object a line",
    )
    command.add_argument(
        "--idle-minutes",
        type=float,
        default=30.0,
        metavar="N",
        help="with --local, end when nothing was asked for this long (default: %(default)g)",
    )
    command.set_defaults(command="serve", node_options=add_dicom_options(command, ways))
