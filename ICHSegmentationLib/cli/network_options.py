"""The options of every command that runs a network."""

import argparse

from ..settings import DEVICES, ENGINES, SegmentationSettings

_DEFAULTS = SegmentationSettings()


def add_network_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", default=_DEFAULTS.model, help="installed model or model folder (default: %(default)s)"
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
    command.add_argument(
        "--uncertainty", action="store_true", help="also write uncertainty.nii.gz: 0 sure, 100 even chances"
    )
    command.add_argument(
        "--no-subtypes",
        dest="subtypes",
        action="store_false",
        help="leave all hemorrhage without subtype where the model does not tell subtypes apart",
    )
