"""Many scans, unattended: resumable, a status each, nothing lost; see ``docs/batch.md``."""

from .batch import plan_batch, run_batch
from .case import Case, Found, LeftOut
from .find import find_cases
from .options import BatchOptions, BatchResult

__all__ = [
    "BatchOptions",
    "BatchResult",
    "Case",
    "Found",
    "LeftOut",
    "find_cases",
    "plan_batch",
    "run_batch",
]
