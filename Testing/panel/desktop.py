"""A small stand-in for ``qt``, ``ctk`` and the desktop half of ``slicer``, on PySide6, without a screen.

What it shows: that the real ``.ui`` file loads, that the widgets the code names exist, that clicks and node
choices reach the panel's logic, and what the panel then says. Names that Slicer would not have raise.

What it does not show: PythonQt itself (properties are attributes there, methods here; the panel's code goes
through ``property`` and setters, which both have), the Segment Editor and its effects, Slicer's own styling
and layouts, the module factory, translation, and pip.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from desktop_nodes import WithinRange, parameterNodeWrapper
from desktop_ui import CUSTOM_WIDGETS, child_widgets, load_ui
from packaging.requirements import Requirement
from PySide6 import QtCore, QtGui, QtWidgets

_PYSIDE_ONLY = {"Signal", "Slot", "Property", "QtMsgType"}


class Timer(QtCore.QTimer):
    """Qt's timer, which also counts the short single shots that are still to come."""

    SHORT_MS = 500
    due = 0

    @classmethod
    def singleShot(cls, milliseconds: int, work: Any) -> None:
        if milliseconds > cls.SHORT_MS:
            QtCore.QTimer.singleShot(milliseconds, work)
            return

        def shot() -> None:
            cls.due -= 1
            work()

        cls.due += 1
        QtCore.QTimer.singleShot(milliseconds, shot)


class Qt(ModuleType):
    """The module ``qt``: every class of Qt under one roof, as PythonQt has it, and nothing else."""

    QTimer = Timer

    def __getattr__(self, name: str) -> Any:
        if name not in _PYSIDE_ONLY:
            for part in (QtCore, QtGui, QtWidgets):
                if hasattr(part, name):
                    return getattr(part, name)
        raise AttributeError(f"Slicer's qt has no {name}")


class Ctk(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name in CUSTOM_WIDGETS and name.startswith("ctk"):
            return CUSTOM_WIDGETS[name]
        raise AttributeError(f"the stand-in for ctk has no {name}")


class Application:
    """``slicer.app`` as far as the module asks for it."""

    def __init__(self, logic: Any, folder: Any) -> None:
        self._logic = logic
        self._heard: dict[str, list[Any]] = {"startupCompleted()": [], "aboutToQuit()": []}
        self.temporaryPath = str(folder)
        self.slicerHome = str(folder)
        self.settings = QtCore.QSettings(str(folder / "Slicer.ini"), QtCore.QSettings.Format.IniFormat)

    def applicationLogic(self) -> Any:
        return self._logic

    def userSettings(self) -> QtCore.QSettings:
        return self.settings

    def connect(self, signal: str, heard: Any) -> None:
        if signal not in self._heard:
            raise ValueError(f"the stand-in has no signal {signal}")
        self._heard[signal].append(heard)

    def quit(self) -> None:
        for heard in self._heard["aboutToQuit()"]:
            heard()

    def testingEnabled(self) -> bool:
        return True

    def processEvents(self) -> None:
        QtWidgets.QApplication.processEvents()


class ScriptedLoadableModule:
    def __init__(self, parent: Any) -> None:
        self.parent = parent


class ScriptedLoadableModuleWidget:
    """Gives a module's widget what Slicer gives it: a parent with a layout, and ``resourcePath``."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.layout = parent.layout()
        self.moduleName = type(self).__name__.removesuffix("Widget")

    def setup(self) -> None: ...

    def resourcePath(self, name: str) -> str:
        return str(self.module_folder / "Resources" / name)


class ScriptedLoadableModuleLogic:
    """Keeps one script node for a module in the scene, as Slicer's base class does."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:
        import slicer

        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetModuleName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        return node


class ScriptedLoadableModuleTest: ...


class ModuleParent(QtWidgets.QWidget):
    """The panel's place in Slicer's window, which also tells whether the module is the one shown."""

    def __init__(self) -> None:
        super().__init__()
        self.isEntered = True
        QtWidgets.QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)


def install(booted: Any, folder: Any) -> None:
    """Put ``qt``, ``ctk`` and the desktop half of ``slicer`` into ``sys.modules``, for a booted scene."""
    import slicer
    import slicer.util

    QtWidgets.QApplication.instance() or QtWidgets.QApplication(["Slicer", "-platform", "offscreen"])
    sys.modules["qt"], sys.modules["ctk"] = Qt("qt"), Ctk("ctk")
    slicer.app = Application(booted.application, folder)
    for name, widget in CUSTOM_WIDGETS.items():
        if name.startswith("qMRML"):
            setattr(slicer, name, widget)
    slicer.util.loadUI = load_ui
    slicer.util.childWidgetVariables = child_widgets
    slicer.util.tryWithErrorDisplay = _errors_pass
    _module("slicer.i18n", tr=lambda text: text, translate=lambda context, text: text)
    _module("slicer.parameterNodeWrapper", parameterNodeWrapper=parameterNodeWrapper, WithinRange=WithinRange)
    _module(
        "slicer.ScriptedLoadableModule",
        ScriptedLoadableModule=ScriptedLoadableModule,
        ScriptedLoadableModuleWidget=ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic=ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest=ScriptedLoadableModuleTest,
        __all__=[
            "ScriptedLoadableModule",
            "ScriptedLoadableModuleLogic",
            "ScriptedLoadableModuleTest",
            "ScriptedLoadableModuleWidget",
        ],
    )
    slicer.util.startupEnvironment = lambda: dict(os.environ)
    _module(
        "slicer.packaging",
        load_requirements=_requirements_in,
        pip_check=_is_installed,
        pip_ensure=_refuse_to_install,
    )


def _requirements_in(path: str) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in Path(path).read_text("utf-8").splitlines()]
    return [Requirement(line) for line in lines if line]


def _is_installed(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _refuse_to_install(requirements: list[Requirement], *, requester: str) -> None:
    raise AssertionError(f"a test must not install {', '.join(map(str, requirements))}")


@contextmanager
def _errors_pass(message: str = "", **options: Any) -> Any:
    """In a test, an error that nobody expected must fail the test instead of showing a box."""
    yield


def _module(name: str, **content: Any) -> None:
    import slicer

    module = ModuleType(name)
    vars(module).update(content)
    sys.modules[name] = module
    setattr(slicer, name.rpartition(".")[2], module)
