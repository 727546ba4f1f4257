"""``ichseg phantom``"""

import sys
from argparse import Namespace
from pathlib import Path

from ..errors import InputError, OutputExistsError
from ..io import write_mask
from ..io.atomic import atomic_path
from ..phantom import make_phantom
from ..volume import CTVolume


def run(options: Namespace) -> int:
    """Paint a phantom and write it. An existing file is never replaced: it might be a patient's scan."""
    if not options.output.name.lower().endswith((".nii.gz", ".nii")):
        raise InputError(f"Expected a CT to write that ends in .nii.gz, found {options.output.name}.")
    for path in filter(None, (options.output, options.mask)):
        if path.exists():
            raise OutputExistsError(f"{path} is there already.", "Remove it, or choose another name.")
    subtype = None if options.subtype == "none" else options.subtype
    phantom = make_phantom(options.seed, subtype, options.volume_ml)
    _write_ct(phantom.ct, options.output)
    if options.mask:
        write_mask(phantom.mask, options.mask, phantom.ct)
    sys.stdout.write(f"{options.output}: {phantom.volume_ml:.2f} mL {options.subtype}\n")
    return 0


def _write_ct(ct: CTVolume, path: Path) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(ct.voxels.T, ct.affine)
    image.header.set_xyzt_units("mm")
    with atomic_path(path) as temporary:
        nib.save(image, temporary)
