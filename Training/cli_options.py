"""The options of ``ichseg-train``, command by command."""

import argparse
import os
from pathlib import Path

from .number_types import count, positive, whole


def prepare_options(command: argparse.ArgumentParser) -> None:
    """A data set, and how it is dealt to folds."""
    command.add_argument("folder", type=Path, metavar="FOLDER", help="the data set as its publisher ships it")
    command.add_argument("-o", "--out", type=Path, required=True, help="folder for the prepared data set")
    command.add_argument("--adapter", help="name of its layout (default: found out)")
    command.add_argument("--folds", type=count, default=5, help="(default: %(default)s)")
    command.add_argument("--seed", type=whole, default=0, help="of the folds (default: %(default)s)")
    command.add_argument("--processes", type=count, help="cases checked at a time (default: one a core)")


def nnunet_options(command: argparse.ArgumentParser) -> None:
    """A prepared data set, and what nnU-Net will know it by."""
    command.add_argument("prepared", type=Path, metavar="PREPARED", help="folder of a prepared data set")
    command.add_argument("-o", "--out", type=Path, required=True, help="nnU-Net's folder of raw data sets")
    command.add_argument("--id", type=count, required=True, help="number of the data set, as 501")
    command.add_argument("--name", default="ICH", help="(default: %(default)s)")


def training_options(command: argparse.ArgumentParser) -> None:
    """A recipe, what it is trained on, and what stands in for its numbers."""
    command.add_argument("--recipe", required=True, help="'ichseg-train recipes' lists them")
    command.add_argument("--data", type=Path, required=True, help="folder of a prepared data set")
    command.add_argument("-o", "--out", type=Path, required=True, help="folder for weights and logs")
    command.add_argument("--accelerator", default="auto", help="auto, cpu, cuda, mps (default: %(default)s)")
    command.add_argument(
        "--precision", default="32-true", help="32-true, 16-mixed or bf16-mixed (default: %(default)s)"
    )
    command.add_argument(
        "--workers", type=whole, default=min(8, (os.cpu_count() or 1) // 2),
        help="processes that read and augment (default: %(default)s)",
    )  # fmt: skip
    command.add_argument("--seed", type=whole, default=0, help="(default: %(default)s)")
    command.add_argument(
        "--validate-every", type=count, default=1, metavar="N", help="epochs (default: %(default)s)"
    )
    changes = command.add_argument_group("instead of what the recipe says, in all of its stages")
    changes.add_argument("--epochs", type=count)
    changes.add_argument("--iterations", type=count, help="batches of an epoch")
    changes.add_argument("--batch", type=count, help="patches of a batch, over all processes")
    changes.add_argument(
        "--patch", type=count, nargs=3, metavar=("D", "H", "W"), help="voxels; slices stay single"
    )
    changes.add_argument("--encoder-weights", metavar="FILE", help="ImageNet weights to start encoders from")
    changes.add_argument("--gradient-clip", type=positive, help="largest norm of the gradient")


def evaluate_options(command: argparse.ArgumentParser) -> None:
    """Masks, and what they are compared with."""
    command.add_argument(
        "predictions",
        type=Path,
        metavar="PREDICTIONS",
        help="folder of masks, as 'ichseg segment' makes it",
    )
    command.add_argument(
        "--references", type=Path, required=True, help="a prepared data set, or a folder of masks"
    )
    part = command.add_mutually_exclusive_group()
    part.add_argument("--fold", type=whole, help="only the validation cases of this fold of the data set")
    part.add_argument("--held-out", action="store_true", help="only the cases that the data set holds out")
    command.add_argument("--images", type=Path, help="folder of the scans, for the pictures")
    command.add_argument("-o", "--out", type=Path, required=True, help="folder for the report")


def model_options(command: argparse.ArgumentParser) -> None:
    """Where a model goes, and what a person says of it."""
    command.add_argument("-o", "--out", type=Path, required=True, help="folder to write")
    command.add_argument("--overwrite", action="store_true", help="replace what stands there")
    command.add_argument("--id", help="the model's id (default: made of the recipe's name)")
    command.add_argument("--version", default="1.0.0", help="the model's version (default: %(default)s)")
    command.add_argument("--licence", default="not stated", help="of the weights")
    command.add_argument(
        "--data-source", nargs=3, action="append", default=[], metavar=("NAME", "CITATION", "LICENCE"),
        help="a data set it was trained on",
    )  # fmt: skip
