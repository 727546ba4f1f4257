"""How the commands of this package end: with 0, or with a sentence and the exit code of their error."""

from argparse import Namespace
from collections.abc import Callable

from ICHSegmentationLib.cli.command import reader_gone, speak_utf8
from ICHSegmentationLib.cli.failures import attempt, cancelled_by_signals, tell
from ICHSegmentationLib.errors import ICHError


def carry_out(options: Namespace) -> int:
    """Run ``options.run`` and give 0, or the exit code of its error (:mod:`ICHSegmentationLib.errors`)."""
    run: Callable[[Namespace], None] = options.run

    def work() -> int:
        run(options)
        return 0

    speak_utf8()
    try:
        with cancelled_by_signals():
            outcome = attempt(work)
    except BrokenPipeError:
        return reader_gone()
    if isinstance(outcome, ICHError):
        tell(outcome)
        return outcome.exit_code
    return outcome
