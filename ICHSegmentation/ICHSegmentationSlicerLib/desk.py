"""What the panel asks of the desktop around it: clipboard, browser, file dialogs, timers, table items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt


class Desk:
    """The desktop, by Qt. ``parent`` owns its dialogs."""

    def __init__(self, parent: Any) -> None:
        self._parent = parent

    def after(self, milliseconds: int, work: Callable[[], None]) -> None:
        """Call ``work`` later, on this thread."""
        qt.QTimer.singleShot(milliseconds, work)

    def copy(self, text: str) -> None:
        qt.QApplication.clipboard().setText(text)

    def open_page(self, path: Path) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))

    def ask_save_path(self, title: str, name: str, pattern: str) -> Path | None:
        return _path(qt.QFileDialog.getSaveFileName(self._parent, title, name, pattern))

    def ask_open_path(self, title: str, pattern: str) -> Path | None:
        return _path(qt.QFileDialog.getOpenFileName(self._parent, title, "", pattern))

    def ask_text(self, title: str, question: str) -> str:
        """What the user writes; empty where they cancel."""
        answer = qt.QInputDialog.getText(self._parent, title, question)
        return str(answer[0] if isinstance(answer, tuple) else answer or "").strip()

    def table_item(self, text: str, tip: str, number: bool, strong: bool) -> Any:
        """A cell; numbers stand to the right, so that their digits align."""
        item = qt.QTableWidgetItem(text)
        item.setToolTip(tip)
        side = qt.Qt.AlignRight if number else qt.Qt.AlignLeft
        item.setTextAlignment(side | qt.Qt.AlignVCenter)
        font = item.font()
        font.setBold(strong)
        item.setFont(font)
        return item


def _path(answer: Any) -> Path | None:
    """PySide gives the path with the chosen filter, PythonQt the path alone."""
    text = answer[0] if isinstance(answer, tuple) else answer
    return Path(text) if text else None
