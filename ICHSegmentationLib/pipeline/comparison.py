"""Two segmented scans from their files to a folder with the comparison."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..comparison import Comparison, compare
from ..doctor.packages import versions
from ..events import Finished, Listener, Started, ignore
from ..io import read_ct, read_mask
from ..io.atomic import atomic_folder, output_errors
from ..preparation.even_slices import with_even_slices
from ..report.numbers import RESEARCH_USE
from ..report.side_by_side import Dated, side_by_side
from .cases import case_name
from .journal import Journal
from .provenance import describe_input, describe_mask
from .trouble import own_words

SCHEMA_VERSION = 1

# Where stages begin, as fractions of a comparison's time.
_COMPARE, _REPORT = 0.15, 0.92


@dataclass(frozen=True)
class SegmentedScan:
    """The files of one scan and of its mask."""

    ct: Path
    mask: Path


def comparison_name(first: SegmentedScan, second: SegmentedScan) -> str:
    """What the comparison of two scans is called: ``ct1_to_ct2``."""
    return f"{case_name(first.ct)}_to_{case_name(second.ct)}"


def compare_case(
    first: SegmentedScan,
    second: SegmentedScan,
    out_dir: Path | str,
    overwrite: bool = False,
    listen: Listener = ignore,
) -> Comparison:
    """Compare an earlier with a later scan; no model runs, and torch is not loaded.

    The folder ``out_dir / comparison_name`` gets ``comparison.json`` and ``comparison.png``.

    Raises:
        ICHError: one of its kinds; no result folder is then left, and an earlier one is as it was.
    """
    case = comparison_name(first, second)
    journal = Journal(case, listen)
    listen(Started(case, str(second.ct)))
    folder = Path(out_dir) / case

    def progress(stage: str, fraction: float) -> None:
        journal.progress(stage, _COMPARE + fraction * (_REPORT - _COMPARE))

    with own_words(), atomic_folder(folder, overwrite) as temporary:
        with journal.stage("read", 0.0):
            scans = [_dated(scan) for scan in (first, second)]
        with journal.stage("compare", _COMPARE):
            comparison = compare(scans[0].ct, scans[0].mask, scans[1].ct, scans[1].mask, progress)
            journal.warn(comparison.warnings)
        content: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "research_use_only": RESEARCH_USE,
            "case": case,
            **{
                name: {"input": describe_input(files.ct, scan.ct), "mask": describe_mask(files.mask)}
                for name, files, scan in zip(("first", "second"), (first, second), scans, strict=True)
            },
            "versions": versions(),
            **comparison.to_dict(),
            "timings_s": journal.timings_s,
        }
        with output_errors(temporary), journal.stage("report", _REPORT):
            shown = [Dated(*with_even_slices(scan.ct, scan.mask)) for scan in scans]
            picture = side_by_side(
                shown[0], shown[1], comparison.registration.second_to_first, comparison.sentences[:2]
            )
            picture.save(temporary / "comparison.png", compress_level=3)
        with output_errors(temporary):
            text = json.dumps(content, indent=2, allow_nan=False) + "\n"
            (temporary / "comparison.json").write_text(text, encoding="utf-8")
    paths = {"comparison": "comparison.json", "picture": "comparison.png"}
    journal.progress("report", 1.0)
    listen(Finished(case, {kind: str((folder / name).resolve()) for kind, name in paths.items()}, content))
    return comparison


def _dated(scan: SegmentedScan) -> Dated:
    ct = read_ct(scan.ct)
    return Dated(ct, read_mask(scan.mask, ct))
