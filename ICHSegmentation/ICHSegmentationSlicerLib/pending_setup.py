"""A set-up that waits for Slicer to start again, remembered in Slicer's settings."""

from __future__ import annotations

from typing import Any

_KEY = "ICHSegmentation/pendingSetup"


class PendingSetup:
    """``store`` is a ``QSettings``, or has its ``value``, ``setValue`` and ``remove``."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def remember(self, reason: str) -> None:
        """The set-up goes on after a restart; ``reason`` says for what it waits."""
        self._store.setValue(_KEY, reason)

    @property
    def reason(self) -> str:
        """Why a set-up waits; empty when none does."""
        return str(self._store.value(_KEY) or "")

    def clear(self) -> None:
        self._store.remove(_KEY)
