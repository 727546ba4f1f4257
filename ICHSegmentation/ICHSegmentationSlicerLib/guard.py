"""A user's action whose trouble is told beside it, in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ICHSegmentationLib.errors import DependencyError, ICHError

from .translation import tr as _
from .widgets import Sentence

Action = Callable[[], None]


class Guard(Protocol):
    def __call__(
        self, action: Action, told: Sentence, failed: Callable[[ICHError], None] | None = None
    ) -> Action: ...


def guarded(action: Action, told: Sentence, failed: Callable[[ICHError], None] | None = None) -> Action:
    """``action`` for a widget's signal: an error of ours, or a missing package, becomes a sentence.

    Whatever else it raises is a fault of the program and goes to Slicer's error log with its traceback.

    Args:
        failed: hears of the error too, as to offer a remedy.
    """

    def act() -> None:
        try:
            action()
        except ICHError as error:
            tell(error)
        except ImportError as error:
            if (error.name or "").startswith("ICHSegmentation"):
                raise  # a fault of ours, which no installation mends
            tell(missing(error))

    def tell(error: ICHError) -> None:
        told.say_error(error)
        if failed is not None:
            failed(error)

    return act


def missing(error: ImportError) -> DependencyError:
    """A package that is not installed, as an error of ours."""
    return DependencyError(
        _("A package that this needs is not installed: {name}.").format(name=error.name or error),
        _("Press Install packages under Set-up."),
    )
