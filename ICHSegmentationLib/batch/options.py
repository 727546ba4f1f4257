"""How a batch works, beside the settings of its segmentations, and what it ends with."""

from dataclasses import dataclass
from math import inf

from ..errors import InputError
from ..settings import SegmentationSettings
from .limits import require_limit_possible
from .rows import EXIT_CODE, Row


@dataclass(frozen=True)
class BatchOptions:
    """How a batch works.

    Attributes:
        workers: processes at once; None takes what the machine, or the cluster, bears.
        memory_mb: what one worker may take (MB, 10^6 bytes); None sets no limit.
        retry: do cases again that have failed.
        keep_identifiers: tell in the summary whom a DICOM series shows.
        ray: address of a Ray cluster whose nodes do the cases; ``local`` starts one on this machine, and
            ``auto`` takes the one that this machine belongs to. None works without Ray.
    """

    workers: int | None = None
    memory_mb: float | None = None
    retry: bool = False
    keep_identifiers: bool = False
    ray: str | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"Expected at least one worker, found {self.workers}.")
        if self.memory_mb is not None and not 0 < self.memory_mb < inf:
            raise InputError(f"Expected a limit of memory above 0 MB, found {self.memory_mb:g}.")
        if self.ray is not None and self.ray.startswith("ray://"):
            raise InputError(
                f"Expected the address of a Ray cluster that this machine belongs to, found '{self.ray}'.",
                "Start the batch on one of its nodes with --ray auto, or as a job: docs/batch.md tells how.",
            )


@dataclass(frozen=True)
class BatchResult:
    """A batch that has come to its end.

    Attributes:
        rows: of the summary, in its order.
        exit_code: of the first case that failed, in this run or before; 0 where none did.
    """

    rows: tuple[Row, ...]

    @property
    def exit_code(self) -> int:
        return next((row[EXIT_CODE] for row in self.rows if row["status"] == "failed"), 0)


def require_possible(settings: SegmentationSettings, options: BatchOptions) -> None:
    """Raise :class:`InputError` where the options do not go together."""
    if settings.keep_identifiers and not options.keep_identifiers:
        raise InputError(
            "Expected a batch that may tell whom its scans show, found one that may not.",
            "Set keep_identifiers in its options too.",
        )
    if options.memory_mb:
        require_limit_possible()
