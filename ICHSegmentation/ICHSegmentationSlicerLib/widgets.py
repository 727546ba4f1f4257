"""Reading and filling Qt widgets, through what PythonQt and PySide share: ``property`` and setters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ICHSegmentationLib.errors import ICHError


def is_checked(button: Any) -> bool:
    return bool(button.property("checked"))


def path_in(line: Any) -> str:
    """The path in a ``ctkPathLineEdit``, empty where there is none."""
    return str(line.property("currentPath") or "").strip()


def fill_choices(combo: Any, choices: Iterable[tuple[str, str]], chosen: str) -> None:
    """Offer (text, value) pairs, and choose the one with this value, or the first."""
    choices = list(choices)
    blocked = combo.blockSignals(True)
    combo.clear()
    for text, value in choices:
        combo.addItem(text, value)
    values = [value for _, value in choices]
    combo.setCurrentIndex(values.index(chosen) if chosen in values else 0)
    combo.blockSignals(blocked)


def chosen_in(combo: Any) -> str:
    """The value of the chosen entry, empty where there is none."""
    index = combo.property("currentIndex")
    return str(combo.itemData(index) or "") if index >= 0 else ""


def set_checked(button: Any, checked: bool) -> None:
    """Show a state without telling anybody."""
    blocked = button.blockSignals(True)
    button.setChecked(checked)
    button.blockSignals(blocked)


class Sentence:
    """A label that is there only while it has something to say."""

    def __init__(self, label: Any) -> None:
        self._label = label
        label.setMinimumWidth(1)  # or a path of Windows, which Qt breaks nowhere, makes the panel as wide
        self.clear()

    def say(self, text: str) -> None:
        self._label.setText(text)
        self._label.setVisible(bool(text))

    def say_error(self, error: ICHError) -> None:
        self.say("\n".join(part for part in (error.message, error.hint) if part))

    def clear(self) -> None:
        self.say("")
