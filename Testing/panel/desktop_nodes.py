"""A stand-in for Slicer's ``parameterNodeWrapper``: typed values and node references in a script node.

It holds the four types that the module's state uses (bool, int, str and nodes) and Slicer's ``WithinRange``,
connects widgets to them, and raises on a name, a widget or a value that it does not know.
"""

from __future__ import annotations

import typing
from typing import Any

_SIGNALS = {
    "QCheckBox": ("toggled", "checked"),
    "QSpinBox": ("valueChanged", "value"),
    "qMRMLNodeComboBox": ("currentNodeChanged", ""),
}
_ALL_INTEGERS = (-(2**31), 2**31 - 1)
_PLAIN = {bool: lambda text: text == "True", int: int, str: str}


class WithinRange:
    def __init__(self, minimum: int, maximum: int) -> None:
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value: int) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within {self.minimum} and {self.maximum}")


def parameterNodeWrapper(described: type) -> type:
    """A class like ``described`` whose attributes live in the script node that it is given."""
    kinds = typing.get_type_hints(described)
    annotated = typing.get_type_hints(described, include_extras=True)
    ranges = {name: part for name in kinds for part in getattr(annotated[name], "__metadata__", ())}
    members = {
        name: _value(name, kind, getattr(described, name, None), ranges.get(name))
        for name, kind in kinds.items()
    }
    return type(described.__name__, (_Wrapper,), {**members, "kinds": kinds, "ranges": ranges})


def _value(name: str, kind: type, default: Any, allowed: WithinRange | None) -> property:
    if kind not in _PLAIN:
        return property(
            lambda self: self.parameterNode.GetNodeReference(name),
            lambda self, node: self.parameterNode.SetNodeReferenceID(name, node.GetID() if node else None),
        )

    def read(self: _Wrapper) -> Any:
        text = self.parameterNode.GetParameter(name)
        return _PLAIN[kind](text) if text else kind() if default is None else default

    def write(self: _Wrapper, value: Any) -> None:
        if not isinstance(value, kind):
            raise TypeError(f"{name} is {kind.__name__}, not {value!r}")
        if allowed is not None:
            allowed.validate(value)
        self.parameterNode.SetParameter(name, str(value))

    return property(read, write)


class _Wrapper:
    kinds: dict[str, type]
    ranges: dict[str, WithinRange]

    def __init__(self, node: Any) -> None:
        object.__setattr__(self, "parameterNode", node)
        object.__setattr__(self, "_connections", {})

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.kinds:
            raise AttributeError(f"the parameter node has no {name}")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in ("AddObserver", "RemoveObserver", "StartModify", "EndModify", "GetID", "Modified"):
            return getattr(self.parameterNode, name)
        raise AttributeError(f"the parameter node has no {name}")

    def connectParametersToGui(self, widgets: dict[str, Any]) -> int:
        """Let each widget show its value now and write what the user chooses, both ways."""
        for name, widget in widgets.items():
            if name not in self.kinds:
                raise ValueError(f"{widget.objectName()} is bound to {name}, which the state does not have")
        tag = len(self._connections)
        self._connections[tag] = [_Connection(self, widget, name) for name, widget in widgets.items()]
        return tag

    def disconnectGui(self, tag: int | None) -> None:
        """Slicer passes over a tag that it does not know; here, the test fails."""
        for connection in self._connections.pop(tag):
            connection.end()


class _Connection:
    def __init__(self, state: _Wrapper, widget: Any, name: str) -> None:
        self.state, self.widget, self.name = state, widget, name
        signal, self.shown = _SIGNALS[type(widget).__name__]
        self.signal = getattr(widget, signal)
        if self.shown == "value":  # Slicer sets the range, whatever the .ui file says
            allowed = state.ranges.get(name)
            widget.setRange(*((allowed.minimum, allowed.maximum) if allowed else _ALL_INTEGERS))
        self.show()
        self.signal.connect(self.store)
        self.tag = state.AddObserver("ModifiedEvent", self.show)

    def show(self, *_: Any) -> None:
        value = getattr(self.state, self.name)
        if self.shown:
            self.widget.setProperty(self.shown, value)
        else:
            self.widget.setCurrentNode(value)

    def store(self, value: Any = None) -> None:
        setattr(self.state, self.name, value)

    def end(self) -> None:
        self.signal.disconnect(self.store)
        self.state.RemoveObserver(self.tag)
