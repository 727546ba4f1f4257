"""``ichseg batch``"""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from ..batch import BatchOptions, plan_batch, run_batch
from ..events import Listener, Planned, json_lines
from ..settings import SegmentationSettings


def run(options: Namespace) -> int:
    """Do every case that has no result yet; the exit code is that of the first that failed."""
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
        detect=options.detect,
        detector=options.detector,
    )
    batch = BatchOptions(
        workers=options.workers,
        memory_mb=options.limit_memory,
        retry=options.retry,
        keep_identifiers=options.keep_identifiers,
        ray=options.ray,
    )
    with _listener(options) as listen:
        if not options.dry_run:
            return run_batch(options.input, options.output, settings, batch, listen).exit_code
        planned, found = plan_batch(options.input, options.output, settings, batch)
        for each in planned:
            todo = "measure" if each.case.mask else "segment"
            listen(Planned(each.case.name, todo if each.action == "do" else each.action))
        for left in found.left_out:
            listen(Planned(left.name, "left out", left.reason))
    return 0


@contextmanager
def _listener(options: Namespace) -> Iterator[Listener]:
    """JSON lines where they were asked for, else what a person wants to see."""
    stdout = sys.stdout
    if options.events == "jsonl":
        with redirect_stdout(sys.stderr):
            yield json_lines(stdout)
        return
    from .batch_display import batch_display

    with batch_display(options.output) as listen:
        yield listen
