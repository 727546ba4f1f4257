"""One case, from its files to its outcome, whoever does it: the one path that all workers take."""

import logging
import time
import uuid

from ..errors import ICHError
from ..events import Event, Finished, Listener
from ..pipeline import measure_case, segment_case
from .case import Case
from .equipment import Equipment, Tools
from .fingerprint import content_sha256
from .outcome import Outcome, Problem
from .staging import Staged, staged

STAGING = "staging"
"""The folder in ``state_dir`` for files that cases are read from."""

_logger = logging.getLogger(__name__)


def do_case(case: Case, equipment: Equipment, tools: Tools, listen: Listener) -> Outcome:
    """Segment or measure one case on the one path that all take; whatever it raises stands in the outcome."""
    started = time.perf_counter()
    content = content_sha256(case)
    result = _finished_or_problem(case, equipment, tools, listen)
    return Outcome(case.name, round(time.perf_counter() - started, 3), content, result)


def _finished_or_problem(
    case: Case, equipment: Equipment, tools: Tools, listen: Listener
) -> Finished | Problem:
    finished: list[Finished] = []

    def hear(event: Event) -> None:
        """Keep the result back: it is told with the outcome."""
        if isinstance(event, Finished):
            finished.append(event)
        else:
            listen(event)

    try:
        with staged(case, equipment.state_dir / STAGING / uuid.uuid4().hex) as files:
            _do(case, files, equipment, tools, hear)
        return finished[0]
    except ICHError as error:
        _logger.debug("Where it came from:", exc_info=True)
        return Problem.of(error)
    except Exception as error:
        _logger.exception("%s: not expected, please report this.", case.name)
        found = ICHError(
            f"Something went wrong that should not: {type(error).__name__}: {error}",
            "Please report it, with what the batch wrote to its standard error.",
        )
        return Problem.of(found)


def _do(case: Case, files: Staged, equipment: Equipment, tools: Tools, listen: Listener) -> None:
    out_dir, settings = equipment.out_dir, equipment.settings
    if files.mask:
        measure_case(files.scan, files.mask, out_dir, settings, listen, case.name)
    else:
        segment_case(files.scan, out_dir, settings, listen, case.name, tools.segmenter, tools.detector)
