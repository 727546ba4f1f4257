"""The command lines of runs: the same that a person would type."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ICHSegmentationLib.settings import SegmentationSettings


def segment_arguments(scans: Sequence[Path], out_dir: Path, settings: SegmentationSettings) -> list[str]:
    """The arguments of ``ichseg`` that segment these scans and tell what happens as JSON lines."""
    options = {"--output": out_dir.absolute(), "--events": "jsonl", "--format": settings.format}
    options |= {"--model": settings.model, "--device": settings.device}
    if settings.threads is not None:
        options["--threads"] = settings.threads
    pairs = [str(word) for option in options.items() for word in option]
    wanted = {"--overwrite": settings.overwrite, "--uncertainty": settings.uncertainty}
    switches = [name for name, on in wanted.items() if on]
    return ["segment", *pairs, *switches, "--", *[str(scan.absolute()) for scan in scans]]


def comparison_arguments(earlier: tuple[Path, Path], later: tuple[Path, Path], out_dir: Path) -> list[str]:
    """The arguments of ``ichseg`` that compare two scans, each with its mask, and tell it as JSON lines."""
    files = [str(path.absolute()) for path in (*earlier, *later)]
    return ["compare", "--output", str(out_dir.absolute()), "--events", "jsonl", "--", *files]
