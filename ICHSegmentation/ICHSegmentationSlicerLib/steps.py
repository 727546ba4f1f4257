"""Long work on the panel's thread in small steps, so that Slicer answers between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ICHSegmentationLib.errors import ICHError

from .translation import tr as _

After = Callable[[int, Callable[[], None]], None]
"""Calls a function after so many milliseconds, on the same thread, as ``qt.QTimer.singleShot``."""


class Steps:
    """Runs an iterator, one step for each turn of the event loop; a new one takes the place of the old.

    Trouble ends it and is told to ``failed``; a fault of the program is raised after that, for the error log.
    """

    def __init__(self, after: After) -> None:
        self._after = after
        self._current: object = None

    def run(self, work: Iterator[None], failed: Callable[[ICHError], None]) -> None:
        token = self._current = object()

        def step() -> None:
            if self._current is not token:
                return
            try:
                next(work)
            except StopIteration:
                self._end(token)
                return
            except ICHError as error:
                self._end(token)
                failed(error)
                return
            except Exception as error:  # the work has ended for whoever waits for it; Slicer logs the rest
                self._end(token)
                failed(
                    ICHError(_("Something went wrong: {error}.").format(error=error), _("See Slicer's log."))
                )
                raise
            self._after(0, step)

        self._after(0, step)

    @property
    def busy(self) -> bool:
        """Whether there are steps to come."""
        return self._current is not None

    def stop(self) -> None:
        """Leave the remaining steps undone."""
        self._current = None

    def _end(self, token: object) -> None:
        if self._current is token:  # a step may have begun other work
            self._current = None


class Settling:
    """Calls a function once, when a burst of news has been over for some milliseconds."""

    def __init__(self, after: After, milliseconds: int, work: Callable[[], None]) -> None:
        self._after, self._milliseconds, self._work = after, milliseconds, work
        self._latest = 0

    def __call__(self) -> None:
        self._latest += 1
        mine = self._latest
        self._after(self._milliseconds, lambda: self._work() if mine == self._latest else None)

    def stop(self) -> None:
        self._latest += 1
