"""``ichseg phantom``"""

import gzip
from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryFile

from ..errors import InputError, OutputExistsError
from ..io import write_mask
from ..io.atomic import atomic_path, output_errors
from ..io.masks import require_writable
from ..phantom import make_phantom
from ..volume import CTVolume
from .say import say


def run(options: Namespace) -> int:
    """Paint a phantom and write it. An existing file is never replaced: it might be a patient's scan."""
    _require_names(options.output, options.mask)
    if options.seed < 0:
        raise InputError(f"Expected a seed of 0 or more, found {options.seed}.", "Choose another number.")
    if options.subtype == "none" and options.volume_ml is not None:
        raise InputError(
            f"Expected no volume of a head without hemorrhage, found {options.volume_ml:g} mL.",
            "Leave out --volume-ml, or choose a subtype.",
        )
    for path in filter(None, (options.output, options.mask)):
        _require_place(path)
    subtype = None if options.subtype == "none" else options.subtype
    phantom = make_phantom(options.seed, subtype, options.volume_ml)
    _write_ct(phantom.ct, options.output)
    if options.mask:
        write_mask(phantom.mask, options.mask, phantom.ct)
    found = f"{phantom.volume_ml:.2f} mL {subtype}" if subtype else "no hemorrhage"
    say(f"{options.output}: {found}\n")
    return 0


def _require_names(output: Path, mask: Path | None) -> None:
    """Raise an InputError unless these are names of two files that can be written."""
    if not output.name.lower().endswith((".nii.gz", ".nii")):
        raise InputError(
            f"Expected a CT to write that ends in .nii.gz, found {output.name}.", "Choose another name."
        )
    if mask is None:
        return
    require_writable(mask, None)
    # On Windows and macOS names that differ only in upper and lower case are one file.
    if str(output.resolve()).casefold() == str(mask.resolve()).casefold():
        raise InputError(
            f"Expected a file for the CT and another for its mask, found {mask} for both.",
            "Choose another name for one of them.",
        )


def _require_place(path: Path) -> None:
    """Raise an OutputError where the file is there already, or cannot be made: better before the painting."""
    if path.exists():
        raise OutputExistsError(f"{path} is there already.", "Remove it, or choose another name.")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    with output_errors(path), TemporaryFile(dir=folder):
        pass


def _write_ct(ct: CTVolume, path: Path) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(ct.voxels.T, ct.affine)
    image.header.set_xyzt_units("mm")
    content = image.to_bytes()
    if path.name.lower().endswith(".gz"):
        content = gzip.compress(content, compresslevel=1, mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
