"""What is to do: every case of the input held against the ledger and against what stands in the output."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import OutputExistsError
from ..models import ModelFolder
from ..settings import SegmentationSettings
from .case import Case
from .fingerprint import content_sha256, settings_sha256, stamp
from .ledger import Entry

Action = Literal["do", "done", "failed before", "in the way"]


@dataclass(frozen=True)
class PlannedCase:
    """A case and what becomes of it in this run.

    Attributes:
        action: ``done`` and ``failed before`` are left as they are; ``in the way`` is a result that was not
            made from this input with this model and these settings.
        entry: what the ledger holds of it, or would hold before it is done.
    """

    case: Case
    action: Action
    entry: Entry


@dataclass(frozen=True)
class Planner:
    """Judges cases.

    Attributes:
        model: what segments them; None where every case brings a mask.
        detector: what judges them too; None where nothing does.
        retry: do cases again that have failed.
    """

    out_dir: Path
    settings: SegmentationSettings
    model: ModelFolder | None
    detector: ModelFolder | None
    retry: bool

    def plan(self, cases: Iterable[Case], entries: Mapping[str, Entry]) -> list[PlannedCase]:
        """Each case with what becomes of it; what is in the way is done again where that is asked for."""
        return [self._planned(case, entries.get(case.name)) for case in cases]

    def _planned(self, case: Case, entry: Entry | None) -> PlannedCase:
        key = settings_sha256(self.settings, None if case.mask else self.model, self.detector)
        now = stamp(case)
        fresh = Entry(case.name, "waiting", key, None, now, {})
        folder = self.out_dir / case.name
        if entry is None:
            return PlannedCase(case, self._unless_overwritten(_is_taken(folder)), fresh)
        if entry.status == "waiting" or (
            entry.status == "done" and not (folder / "measurements.json").is_file()
        ):
            return PlannedCase(case, "do", fresh)
        same = entry.settings_sha256 == key and _same_input(case, now, entry)
        kept = replace(entry, stamp=now)
        if entry.status == "failed":
            return PlannedCase(
                case, "failed before" if same and not self.retry else "do", kept if same else fresh
            )
        if same:
            return PlannedCase(case, "done", kept)
        return PlannedCase(case, self._unless_overwritten(True), fresh)

    def _unless_overwritten(self, in_the_way: bool) -> Action:
        return "in the way" if in_the_way and not self.settings.overwrite else "do"


def require_free_way(planned: Iterable[PlannedCase]) -> None:
    """Raise :class:`OutputExistsError` where a result stands that this batch would have to replace."""
    names = [each.case.name for each in planned if each.action == "in the way"]
    if names:
        raise OutputExistsError(
            f"Expected no results of another input, model or other settings in the output folder, found "
            f"{len(names)}: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}.",
            "Add --overwrite to replace them, or choose another folder.",
        )


def _same_input(case: Case, now: str | None, entry: Entry) -> bool:
    return now == entry.stamp or content_sha256(case) == entry.input_sha256


def _is_taken(folder: Path) -> bool:
    """Whether anything stands there; what may not be looked into counts."""
    try:
        return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except PermissionError:
        return True
    except OSError:  # a path that cannot be is told when its case is written
        return False
