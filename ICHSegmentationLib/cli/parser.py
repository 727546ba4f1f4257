"""The commands and options of ``ichseg``."""

import argparse
from pathlib import Path
from typing import TypeAlias

from .. import __version__
from ..labels import SUBTYPES
from ..settings import MASK_FORMATS, SegmentationSettings
from .batch_options import add_batch_options
from .detect_options import add_detect_options, add_detector_options
from .network_options import add_network_options
from .serve_options import add_serve_options

_INPUT = "NIfTI (.nii, .nii.gz), NRRD, MetaImage, or a folder with one DICOM series"
_DEFAULTS = SegmentationSettings()


def parser() -> argparse.ArgumentParser:
    """Every command sets ``command``, the module of this package that runs it."""
    parser = argparse.ArgumentParser(
        prog="ichseg",
        description="Find, outline and measure intracranial hemorrhage on non-contrast head CT. "
        "Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"ichseg {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_segment(commands)
    _add_detect(commands)
    _add_measure(commands)
    _add_batch(commands)
    _add_compare(commands)
    _add_convert(commands)
    _add_models(commands)
    _add_phantom(commands)
    _add_doctor(commands)
    add_serve_options(_command(commands, "serve", "stay, and carry out what is asked for"))
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(commands: _Commands, name: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument("--debug", action="store_true", help="show tracebacks and what libraries log")
    return command


def _add_segment(commands: _Commands) -> None:
    command = _command(commands, "segment", "outline and measure hemorrhage on one or more scans")
    command.add_argument("inputs", nargs="*", type=Path, metavar="INPUT", help=_INPUT)
    command.add_argument(
        "--list", type=Path, metavar="FILE", help="more inputs: a text file (UTF-8) with one path a line"
    )
    _add_result_options(command)
    add_network_options(command)
    add_detector_options(command)
    command.add_argument(
        "--secondary-capture",
        action="store_true",
        help="with --format dcm, also write pictures of the outlined key slices as a DICOM series",
    )
    command.set_defaults(command="segment")


def _add_detect(commands: _Commands) -> None:
    text = "tell whether a scan shows hemorrhage, of which subtype, and on which slices"
    command = _command(commands, "detect", text)
    _add_output_options(command)
    add_detect_options(command, _INPUT)


def _add_measure(commands: _Commands) -> None:
    command = _command(commands, "measure", "measure a mask that someone drew or corrected")
    command.add_argument("ct", type=Path, metavar="CT", help=_INPUT)
    command.add_argument(
        "mask", type=Path, metavar="MASK", help="labels on the CT's grid: NIfTI, NRRD, .seg.nrrd, DICOM SEG"
    )
    _add_result_options(command)
    command.add_argument(
        "--subtypes",
        action="store_true",
        help="also tell the subtype of what was drawn as hemorrhage of none (default: leave it as drawn)",
    )
    command.set_defaults(command="measure")


def _add_batch(commands: _Commands) -> None:
    command = _command(
        commands, "batch", "segment or measure many scans; a run that was ended goes on where it was"
    )
    add_batch_options(command)
    _add_result_options(command)
    command.set_defaults(command="batch")


def _add_compare(commands: _Commands) -> None:
    command = _command(commands, "compare", "tell how hemorrhage grew between two segmented scans")
    for which, place in (("earlier", "first"), ("later", "second")):
        command.add_argument(
            f"{place}_ct", type=Path, metavar=f"{place.upper()}_CT", help=f"{which} scan: {_INPUT}"
        )
        command.add_argument(
            f"{place}_mask", type=Path, metavar=f"{place.upper()}_MASK", help="labels on its grid"
        )
    _add_output_options(command)
    command.set_defaults(command="compare")


def _add_convert(commands: _Commands) -> None:
    command = _command(commands, "convert", "write a mask in another format, without a voxel moving")
    command.add_argument("mask", type=Path, metavar="MASK", help="NIfTI, NRRD, .seg.nrrd or DICOM SEG")
    command.add_argument(
        "output", type=Path, metavar="OUT", help=f"file to write, ending in {', '.join(MASK_FORMATS)}"
    )
    command.add_argument(
        "--ct", type=Path, metavar="CT", help="the scan it was drawn on; DICOM SEG (.dcm) needs its series"
    )
    command.add_argument(
        "--algorithm",
        nargs=2,
        metavar=("NAME", "VERSION"),
        default=("", ""),
        help="what outlined it, for DICOM SEG (default: a person)",
    )
    command.add_argument("--overwrite", action="store_true", help="replace an existing file")
    _add_identifiers_option(command)
    command.set_defaults(command="convert")


def _add_result_options(command: argparse.ArgumentParser) -> None:
    _add_output_options(command)
    command.add_argument(
        "--format", choices=MASK_FORMATS, default=_DEFAULTS.format, help="of the mask (default: %(default)s)"
    )
    _add_identifiers_option(command)


def _add_identifiers_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--keep-identifiers",
        action="store_true",
        help="name the patient where the scan's DICOM does: in DICOM results, and in the summary of a batch "
        "(default: leave that out)",
    )


def _add_output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="folder for the results, one folder a case",
    )
    command.add_argument("--overwrite", action="store_true", help="replace earlier results")
    command.add_argument(
        "--events",
        choices=["jsonl"],
        help="tell what happens on stdout, one JSON object a line, and nothing else",
    )


def _add_models(commands: _Commands) -> None:
    text = "list, verify, import and remove models"
    actions = commands.add_parser("models", help=text, description=text).add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = _command(actions, "list", "show the models that are there")
    verify = _command(actions, "verify", "check every weight file against its SHA-256")
    verify.add_argument("models", nargs="*", metavar="MODEL", help="model or model folder (default: all)")
    bring = _command(actions, "import", "copy a model into your own store, after verifying it")
    bring.add_argument("source", metavar="SOURCE", help="model folder, the .zip of one, or its web address")
    bring.add_argument("--sha256", metavar="HASH", help="of the .zip; needed for a web address")
    remove = _command(actions, "remove", "delete a model from your own store")
    remove.add_argument("model", metavar="ID")
    for action, name in ((listing, "list"), (verify, "verify"), (bring, "import"), (remove, "remove")):
        action.set_defaults(command="models", action=name)


def _add_phantom(commands: _Commands) -> None:
    command = _command(commands, "phantom", "paint a head CT with a hemorrhage of known outline and volume")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="CT", help="the CT to write, a .nii.gz"
    )
    command.add_argument("--mask", type=Path, help="also write its true mask here")
    command.add_argument("--seed", type=int, default=0, help="another number, another head (default: 0)")
    command.add_argument(
        "--subtype",
        choices=[label.id for label in SUBTYPES] + ["none"],
        default="intraparenchymal",
        help="kind of hemorrhage (default: %(default)s)",
    )
    command.add_argument(
        "--volume-ml", type=float, metavar="ML", help="its volume (default: as patients have)"
    )
    command.set_defaults(command="phantom")


def _add_doctor(commands: _Commands) -> None:
    command = _command(commands, "doctor", "tell what is installed and whether it works, for a bug report")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(command="doctor")
