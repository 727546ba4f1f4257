"""The options of ``ichseg serve --dicom``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .detect_options import add_detector_options
from .network_options import add_network_options


def add_dicom_options(command: argparse.ArgumentParser, ways: Any) -> Sequence[argparse.Action]:
    """``ways`` is the group of which one must be chosen. Gives the options that belong to ``--dicom``."""
    ways.add_argument(
        "--dicom",
        type=int,
        metavar="PORT",
        help="be a DICOM node: receive studies here, segment their head CTs, send the results back",
    )
    node: Any = command.add_argument_group("with --dicom")
    node.add_argument("--aet", metavar="NAME", default="ICHSEG", help="our AE title (default: %(default)s)")
    node.add_argument(
        "--destination", metavar="AET@HOST:PORT", help="where the results are sent; it may also send to us"
    )
    node.add_argument(
        "--accept",
        metavar="AET@HOST",
        action="append",
        default=[],
        help="who else may send to us; can be given several times",
    )
    node.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="folder for the queue, what was received, and results",
    )
    node.add_argument(
        "--bind", metavar="ADDRESS", default="", help="listen on this address only (default: on all)"
    )
    node.add_argument(
        "--quiet",
        type=float,
        metavar="SECONDS",
        default=60.0,
        help="without a new object for so long, a study is complete (default: %(default)g)",
    )
    node.add_argument(
        "--secondary-capture", action="store_true", help="also send pictures of the outlined key slices"
    )
    node.add_argument(
        "--keep-identifiers",
        action="store_true",
        help="keep the DICOM results, which name the patient, in OUT when they have been sent",
    )
    for name, what in (
        ("certificate", "our certificate, with those between it and its authority"),
        ("key", "its key, without a passphrase"),
        ("authorities", "certificates of who signs those of our peers"),
    ):
        node.add_argument(
            f"--tls-{name}", type=Path, metavar="PEM", help=f"receive and send over TLS: {what}"
        )
    add_network_options(node)
    add_detector_options(node)
    options: Sequence[argparse.Action] = node._group_actions
    return options
