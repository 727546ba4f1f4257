"""``ichseg compare``"""

from argparse import Namespace

from ..pipeline.comparison import SegmentedScan, compare_case, comparison_name
from .cases import run_cases


def run(options: Namespace) -> int:
    """Compare an earlier with a later scan."""
    first = SegmentedScan(options.first_ct, options.first_mask)
    second = SegmentedScan(options.second_ct, options.second_mask)
    return run_cases(
        {
            comparison_name(first, second): lambda listen: compare_case(
                first, second, options.output, options.overwrite, listen
            )
        },
        options,
    )
