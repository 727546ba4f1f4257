"""``ichseg measure``"""

from argparse import Namespace

from ..pipeline import case_name, measure_case
from ..settings import SegmentationSettings
from .cases import run_cases


def run(options: Namespace) -> int:
    """Measure a mask."""
    settings = SegmentationSettings(
        format=options.format, overwrite=options.overwrite, keep_identifiers=options.keep_identifiers
    )
    case = case_name(options.ct)
    return run_cases(
        {
            case: lambda listen: measure_case(
                options.ct, options.mask, options.output, settings, listen, case, options.subtypes
            )
        },
        options,
    )
