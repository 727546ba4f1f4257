"""``ichseg segment``"""

from argparse import Namespace
from pathlib import Path

from ..errors import InputError
from ..pipeline import case_names, segment_case
from ..settings import SegmentationSettings
from .cases import Work, run_cases


def run(options: Namespace) -> int:
    """Segment every input; one that fails does not stop the others."""
    settings = SegmentationSettings(
        model=options.model,
        device=options.device,
        engine=options.engine,
        threads=options.threads,
        format=options.format,
        overwrite=options.overwrite,
        uncertainty=options.uncertainty,
        subtypes=options.subtypes,
        keep_identifiers=options.keep_identifiers,
        secondary_capture=options.secondary_capture,
        detect=options.detect,
        detector=options.detector,
    )

    def work(path: Path, case: str) -> Work:
        return lambda listen: segment_case(path, options.output, settings, listen, case)

    inputs = [*options.inputs, *(_listed(options.list) if options.list else [])]
    if not inputs:
        raise InputError("Expected at least one scan, found none.", "Give INPUT, or --list FILE.")
    names = case_names(inputs)
    return run_cases({name: work(path, name) for name, path in zip(names, inputs, strict=True)}, options)


def _listed(path: Path) -> list[Path]:
    """The paths in a list; those of a long one would not fit into a command line of Windows."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="surrogatepass").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Expected a list of scans in {path}, found one that cannot be read: {error}.",
            "Give a text file in UTF-8 with one path a line.",
        ) from error
    return [_path_in(line) for line in lines if line.strip()]


def _path_in(line: str) -> Path:
    """Without blanks around it, unless a scan's name begins or ends with them."""
    stripped = line.strip()
    return Path(line if line != stripped and Path(line).exists() else stripped)
