"""Loads a ``.ui`` file as Slicer's ``loadUI`` does, and raises on what it does not know."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

from desktop_widgets import (
    ctkCollapsibleButton,
    ctkPathLineEdit,
    qMRMLNodeComboBox,
    qMRMLSegmentEditorWidget,
    qMRMLWidget,
)
from PySide6 import QtCore, QtWidgets
from PySide6.QtUiTools import QUiLoader

CUSTOM_WIDGETS = {
    widget.__name__: widget
    for widget in (
        ctkCollapsibleButton,
        ctkPathLineEdit,
        qMRMLNodeComboBox,
        qMRMLSegmentEditorWidget,
        qMRMLWidget,
    )
}


def load_ui(path: str) -> Any:
    """The widget that the file describes.

    Raises:
        ValueError: the file uses a class, a property or a connection that the stand-in does not have.
    """
    tree = ElementTree.parse(path).getroot()
    unknown = {w.get("class") for w in tree.iter("widget")} - set(CUSTOM_WIDGETS)
    if unknown := {name for name in unknown if not hasattr(QtWidgets, name)}:
        raise ValueError(f"no such widget class: {', '.join(sorted(unknown))}")
    connections = [
        {part.tag: part.text for part in connection} for connection in tree.iterfind("connections/connection")
    ]
    for part in tree.findall("connections"):
        tree.remove(part)
    for parent in tree.iter("widget"):
        for filters in parent.findall("property[@name='filters']"):
            _require_filters(filters.findtext("set"))
            parent.remove(filters)  # a type of ctk that Qt cannot read
    loader = QUiLoader()
    for widget in CUSTOM_WIDGETS.values():
        loader.registerCustomWidget(widget)
    buffer = QtCore.QBuffer()
    buffer.setData(ElementTree.tostring(tree))
    top = loader.load(buffer)
    if top is None:
        raise ValueError(loader.errorString())
    _require_known_properties(top)
    for connection in connections:
        _connect(top, connection)
    return top


def child_widgets(top: Any) -> SimpleNamespace:
    """Whatever has a name under ``top``, as attributes: widgets, layouts, and the parts of both."""
    return SimpleNamespace(
        **{child.objectName(): child for child in top.findChildren(QtCore.QObject) if child.objectName()}
    )


def _require_filters(text: str) -> None:
    known = {"Dirs", "Files", "Executable", "Readable", "Writable"}
    if unknown := {part.removeprefix("ctkPathLineEdit::") for part in text.split("|")} - known:
        raise ValueError(f"ctkPathLineEdit has no filter {', '.join(sorted(unknown))}")


def _require_known_properties(top: Any) -> None:
    for widget in [top, *top.findChildren(QtWidgets.QWidget)]:
        names = {bytes(name).decode() for name in widget.dynamicPropertyNames()}
        if unknown := {name for name in names if name[:1] != "_" and name != "SlicerParameterName"}:
            raise ValueError(f"{type(widget).__name__} has no property {', '.join(sorted(unknown))}")


def _connect(top: Any, connection: dict[str, str]) -> None:
    receiver = top.findChild(QtWidgets.QWidget, connection["receiver"])
    if receiver is None or connection["sender"] != top.objectName():
        raise ValueError(f"a connection names a widget that is not there: {connection}")
    signal, slot = (connection[end].partition("(")[0] for end in ("signal", "slot"))
    getattr(top, signal).connect(getattr(receiver, slot))
