"""The command ``ichseg``."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, or that of the first error (see :mod:`.errors`).

    Ctrl-C ends it quietly while it is still being loaded too, so nothing is imported before.
    """
    try:
        from .command import carry_out

        return carry_out(arguments)
    except KeyboardInterrupt:
        from ..errors import CancelledError
        from .failures import tell

        tell(CancelledError())
        return CancelledError.exit_code
