"""The command ``ichseg-train``."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, or that of its error (:mod:`ICHSegmentationLib.errors`).

    Ctrl-C ends it quietly while it is still being loaded too, so nothing is imported before.
    """
    try:
        from .cli_commands import run

        return run(arguments)
    except KeyboardInterrupt:
        from ICHSegmentationLib.cli.failures import tell
        from ICHSegmentationLib.errors import CancelledError

        tell(CancelledError())
        return CancelledError.exit_code
