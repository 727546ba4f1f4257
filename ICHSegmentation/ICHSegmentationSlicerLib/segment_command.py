"""The command lines of runs: the same that a person would type."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ICHSegmentationLib.io.atomic import output_errors
from ICHSegmentationLib.settings import DetectionSettings, SegmentationSettings


def segment_arguments(
    scan_or_list: Path, out_dir: Path, settings: SegmentationSettings, is_list: bool = False
) -> list[str]:
    """The arguments of ``ichseg`` that segment a scan, or those of a list, and tell it as JSON lines."""
    options = {"--output": out_dir.absolute(), "--events": "jsonl", "--format": settings.format}
    options |= {"--model": settings.model, "--device": settings.device}
    if settings.threads is not None:
        options["--threads"] = settings.threads
    if is_list:
        options["--list"] = scan_or_list.absolute()
    pairs = [str(word) for option in options.items() for word in option]
    wanted = {"--overwrite": settings.overwrite, "--uncertainty": settings.uncertainty}
    switches = [name for name, on in wanted.items() if on]
    return ["segment", *pairs, *switches, *([] if is_list else ["--", str(scan_or_list.absolute())])]


def write_list(scans: Sequence[Path]) -> Path:
    """A temporary file with the paths of scans: thousands would not fit into a command line of Windows.

    Raises:
        OutputError: or one of its kinds: it cannot be written.
    """
    folder = Path(tempfile.gettempdir())
    with output_errors(folder):
        handle, name = tempfile.mkstemp(prefix="ICHSegmentation-scans-", suffix=".txt", dir=folder)
        # On Linux a name may be bytes that are no text; these too have to come through.
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.writelines(f"{scan.absolute()}\n" for scan in scans)
    return Path(name)


def detection_arguments(scan: Path, out_dir: Path, settings: DetectionSettings) -> list[str]:
    """The arguments of ``ichseg`` that detect hemorrhage on a scan, and tell it as JSON lines."""
    options = {"--output": out_dir.absolute(), "--events": "jsonl"}
    options |= {"--model": settings.model, "--device": settings.device}
    pairs = [str(word) for option in options.items() for word in option]
    switches = ["--heatmap"] if settings.heatmap else []
    return ["detect", *pairs, *switches, "--", str(scan.absolute())]


def comparison_arguments(earlier: tuple[Path, Path], later: tuple[Path, Path], out_dir: Path) -> list[str]:
    """The arguments of ``ichseg`` that compare two scans, each with its mask, and tell it as JSON lines."""
    files = [str(path.absolute()) for path in (*earlier, *later)]
    return ["compare", "--output", str(out_dir.absolute()), "--events", "jsonl", "--", *files]
