"""``ichseg detect``"""

from argparse import Namespace
from pathlib import Path

from ..pipeline import case_names
from ..pipeline.detection import detect_case
from ..settings import DetectionSettings
from .cases import Work, run_cases


def run(options: Namespace) -> int:
    """Judge every input; one that fails does not stop the others."""
    settings = DetectionSettings(
        model=options.model,
        device=options.device,
        engine=options.engine,
        threads=options.threads,
        overwrite=options.overwrite,
        heatmap=options.heatmap,
    )

    def work(path: Path, case: str) -> Work:
        return lambda listen: detect_case(path, options.output, settings, listen, case)

    names = case_names(options.inputs)
    return run_cases(
        {name: work(path, name) for name, path in zip(names, options.inputs, strict=True)}, options
    )
