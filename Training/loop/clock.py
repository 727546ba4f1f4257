"""Where the seconds of a training go."""

import time


class Clock:
    """How the seconds of an epoch were spent: waiting for data, or computing."""

    def __init__(self) -> None:
        self._last = self._began = self._saved = time.monotonic()
        self._waiting = 0.0

    def waited(self) -> None:
        now = time.monotonic()
        self._waiting += now - self._last
        self._last = now

    def worked(self) -> None:
        self._last = time.monotonic()

    def since_saved(self) -> float:
        return time.monotonic() - self._saved

    def saved(self) -> None:
        self._saved = self._last = time.monotonic()

    def told(self, patches: int) -> dict[str, float]:
        """``waiting_share``: of the time, in which the device had no batch; ``patches_per_s``."""
        seconds = max(time.monotonic() - self._began, 1e-9)
        return {
            "seconds": seconds,
            "waiting_share": self._waiting / seconds,
            "patches_per_s": patches / seconds,
        }
