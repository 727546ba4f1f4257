"""The options of ``ichseg detect``, and those of detection as a part of other commands."""

import argparse
from pathlib import Path

from ..settings import DEVICES, ENGINES, DetectionSettings, SegmentationSettings

_DEFAULTS = DetectionSettings()


def add_detect_options(command: argparse.ArgumentParser, what_is_read: str) -> None:
    command.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help=what_is_read)
    command.add_argument(
        "--model", default=_DEFAULTS.model, help="installed detector or model folder (default: %(default)s)"
    )
    command.add_argument(
        "--heatmap",
        action="store_true",
        help="also write what the network looked at: heatmap_<class>.nii.gz, 0 to 100",
    )
    command.add_argument(
        "--device", choices=DEVICES, default=_DEFAULTS.device, help="where it runs (default: %(default)s)"
    )
    command.add_argument(
        "--engine",
        choices=ENGINES,
        default=_DEFAULTS.engine,
        help="what runs the networks (default: %(default)s, the fastest here; amp: PyTorch, half precision)",
    )
    command.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all cores)")
    command.set_defaults(command="detect")


def add_detector_options(command: argparse.ArgumentParser) -> None:
    """For commands that segment, and let a detector judge the scan too."""
    choice = command.add_mutually_exclusive_group()
    choice.add_argument(
        "--detector",
        default=SegmentationSettings.detector,
        metavar="MODEL",
        help="also judges the scan as a whole: installed detector or model folder (default: %(default)s, "
        "the embedded one, where there is one)",
    )
    choice.add_argument(
        "--no-detect", dest="detect", action="store_false", help="outline only, and let no detector judge"
    )
