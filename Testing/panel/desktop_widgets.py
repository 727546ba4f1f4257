"""Stand-ins for the ctk and MRML widgets of the panel, with the properties, methods and signals it uses.

Setting an attribute that the real widget would not have raises, as it does on a C++ wrapper of PythonQt.
"""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal


class _Strict:
    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__} has no attribute {name}")
        super().__setattr__(name, value)


def _held(kind: type, name: str, default: Any = None) -> Property:
    """A property that is only kept."""
    key = f"_{name}"
    return Property(
        kind,
        lambda self: getattr(self, key, kind() if default is None else default),
        lambda self, value: setattr(self, key, value),
    )


class ctkCollapsibleButton(_Strict, QtWidgets.QAbstractButton):
    """A header that shows or hides what is under it."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._collapsed = False
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setContentsMargins(4, self.fontMetrics().height() + 14, 4, 2)
        self.clicked.connect(lambda: self.setCollapsed(not self._collapsed))

    def _get(self) -> bool:
        return self._collapsed

    def setCollapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        for child in self.findChildren(
            QtWidgets.QWidget, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly
        ):
            if collapsed and not child.isHidden():
                child.setProperty("_shown", True)
                child.hide()
            elif not collapsed and child.property("_shown"):
                child.setProperty("_shown", False)
                child.show()
        self.contentsCollapsed.emit(collapsed)
        self.updateGeometry()

    collapsed = Property(bool, _get, setCollapsed)

    def sizeHint(self) -> QtCore.QSize:
        header = QtCore.QSize(80, self.fontMetrics().height() + 12)
        return header if self._collapsed or not self.layout() else self.layout().totalSizeHint()

    minimumSizeHint = sizeHint

    def hasHeightForWidth(self) -> bool:
        return bool(self.layout() and not self._collapsed and self.layout().hasHeightForWidth())

    def heightForWidth(self, width: int) -> int:
        return self.layout().totalHeightForWidth(width) if self.hasHeightForWidth() else -1

    def paintEvent(self, event: Any) -> None:
        painter, palette = QtGui.QPainter(self), self.palette()
        header = QtCore.QRect(0, 1, self.width(), self.fontMetrics().height() + 9)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(palette.button())
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(header, 3, 3)
        painter.setPen(palette.buttonText().color())
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        option = QtWidgets.QStyleOption()
        option.initFrom(self)
        option.rect = QtCore.QRect(6, header.center().y() - 6, 13, 13)
        arrow = QtWidgets.QStyle.PrimitiveElement
        self.style().drawPrimitive(
            arrow.PE_IndicatorArrowRight if self._collapsed else arrow.PE_IndicatorArrowDown, option, painter
        )
        painter.drawText(header.adjusted(26, 0, 0, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, self.text())


class ctkPathLineEdit(_Strict, QtWidgets.QWidget):
    """A path with a button to look for one."""

    currentPathChanged = Signal(str)
    filters = _held(str, "filters")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._line = QtWidgets.QLineEdit()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        browse = QtWidgets.QToolButton()
        browse.setText("...")
        layout.addWidget(self._line)
        layout.addWidget(browse)
        self.setFocusProxy(self._line)
        self._line.textChanged.connect(self.currentPathChanged)

    def _get(self) -> str:
        return self._line.text()

    def setCurrentPath(self, path: str) -> None:
        self._line.setText(path)

    currentPath = Property(str, _get, setCurrentPath)


class qMRMLWidget(QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene = None

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self) -> Any:
        return self._scene


class qMRMLNodeComboBox(_Strict, QtWidgets.QComboBox):
    """The scene's nodes of some classes, by name; follows the scene."""

    currentNodeChanged = Signal(object)
    nodeTypes = _held("QStringList", "nodeTypes", [])
    noneEnabled = _held(bool, "noneEnabled")
    noneDisplay = _held(str, "noneDisplay", "None")
    addEnabled = _held(bool, "addEnabled", True)
    removeEnabled = _held(bool, "removeEnabled", True)
    renameEnabled = _held(bool, "renameEnabled")
    showChildNodeTypes = _held(bool, "showChildNodeTypes", True)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene, self._tags = None, []
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(lambda: self.currentNodeChanged.emit(self.currentNode()))

    def setMRMLScene(self, scene: Any) -> None:
        import vtk

        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent):
                self._tags.append(scene.AddObserver(event, self._refill))
            self._tags.append(scene.AddObserver(vtk.vtkCommand.DeleteEvent, lambda *_: None))
        self._refill()

    def _refill(self, *_: Any) -> None:
        chosen = self.property("_chosen")
        self.blockSignals(True)
        self.clear()
        if self.noneEnabled:
            self.addItem(self.noneDisplay, "")
        for kind in self.nodeTypes if self._scene else []:
            nodes = self._scene.GetNodesByClass(kind)
            for index in range(nodes.GetNumberOfItems()):
                node = nodes.GetItemAsObject(index)
                if node.GetClassName() == kind or self.showChildNodeTypes:
                    self.addItem(node.GetName(), node.GetID())
        self.setCurrentIndex(max(0, self.findData(chosen)))
        self.blockSignals(False)
        if (self.currentData() or "") != (chosen or ""):
            self._remember()
            self.currentNodeChanged.emit(self.currentNode())

    def _remember(self) -> None:
        self.setProperty("_chosen", self.currentData())

    def currentNode(self) -> Any:
        self._remember()
        return self._scene.GetNodeByID(self.currentData()) if self._scene and self.currentData() else None

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentIndex(max(0, self.findData(node.GetID() if node else "")))
        self._remember()


class qMRMLSegmentEditorWidget(_Strict, QtWidgets.QFrame):
    """An empty frame in the place of the Segment Editor; it remembers what it was given."""

    unorderedEffectsVisible = _held(bool, "unorderedEffectsVisible", True)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        text = QtWidgets.QLabel("(Slicer's Segment Editor: paint, erase, islands, smoothing, undo)")
        text.setEnabled(False)
        text.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        QtWidgets.QVBoxLayout(self).addWidget(text)
        self.setMinimumHeight(90)
        self._given: dict[str, Any] = {}
        self._calls: list[str] = []

    def setMRMLScene(self, scene: Any) -> None:
        self._given["scene"] = scene

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        self._given["editor"] = node

    def setSegmentationNode(self, node: Any) -> None:
        self._require_editor()
        self._given["segmentation"] = node

    def setSourceVolumeNode(self, node: Any) -> None:
        self._require_editor()
        self._given["source"] = node

    def setActiveEffectByName(self, name: str) -> None:
        self._given["effect"] = name

    def setSegmentationNodeSelectorVisible(self, visible: bool) -> None: ...

    def setSourceVolumeNodeSelectorVisible(self, visible: bool) -> None: ...

    def setSwitchToSegmentationsButtonVisible(self, visible: bool) -> None: ...

    def setMaximumNumberOfUndoStates(self, states: int) -> None:
        self._given["undo"] = states

    def setEffectNameOrder(self, names: list[str]) -> None: ...

    def saveStateForUndo(self) -> None:
        self._calls.append("save for undo")

    def installKeyboardShortcuts(self) -> None:
        self._calls.append("install")

    def uninstallKeyboardShortcuts(self) -> None:
        self._calls.append("uninstall")

    def setupViewObservations(self) -> None: ...

    def removeViewObservations(self) -> None: ...

    def _require_editor(self) -> None:
        if self._given.get("editor") is None:
            raise RuntimeError("the Segment Editor has no parameter node yet")
