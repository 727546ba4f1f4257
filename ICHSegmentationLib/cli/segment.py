"""``ichseg segment``"""

from argparse import Namespace
from pathlib import Path

from ..pipeline import case_names, segment_case
from ..settings import SegmentationSettings
from .cases import Work, run_cases


def run(options: Namespace) -> int:
    """Segment every input; one that fails does not stop the others."""
    settings = SegmentationSettings(
        model=options.model,
        device=options.device,
        threads=options.threads,
        format=options.format,
        overwrite=options.overwrite,
        uncertainty=options.uncertainty,
    )

    def work(path: Path, case: str) -> Work:
        return lambda listen: segment_case(path, options.output, settings, listen, case)

    names = case_names(options.inputs)
    return run_cases(
        {name: work(path, name) for name, path in zip(names, options.inputs, strict=True)}, options
    )
