"""``ichseg convert``"""

import sys
from argparse import Namespace

from ..errors import OutputExistsError
from ..io import Origin, read_ct, read_mask, write_mask
from ..io.dicom_seg_source import without_identifiers
from .say import say


def run(options: Namespace) -> int:
    """Write a mask in another format, on the grid it has, or on that of the CT where one is given."""
    if options.output.exists() and not options.overwrite:
        raise OutputExistsError(
            f"{options.output} is there already.", "Choose another name, or add --overwrite."
        )
    ct = read_ct(options.ct) if options.ct else None
    if ct and not options.keep_identifiers:
        ct = without_identifiers(ct)
    mask = read_mask(options.mask, ct)
    for warning in mask.warnings:
        say(f"{warning}\n", sys.stderr)
    name, version = options.algorithm
    write_mask(mask, options.output, ct, Origin(name, version, by_person=not name))
    say(f"{options.output}\n")
    return 0
