"""Boots Slicer's own C++ classes as slicer-core brings them, in the order that works, without a desktop.

Scene and application logic first, then colours, then the module logics that build upon them. What the
desktop hands out as ``slicer.mrmlScene`` and ``slicer.modules.NAME.logic()`` is set too: the array helpers of
``slicer.util`` ask for it. There is no ``slicer.app``, no Qt, and no subject-hierarchy item comes by itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Pictures without a screen; VTK reads this when its first window is made.
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

# Module name in the desktop, class of its logic; in the order of their needs.
LOGICS = {
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Models": "vtkSlicerModelsLogic",
}


class Module:
    """What the desktop has in ``slicer.modules``, as far as its logic goes."""

    def __init__(self, logic: Any) -> None:
        self._logic = logic

    def logic(self) -> Any:
        return self._logic


@dataclass
class Booted:
    """One scene and what must stay alive for as long as it is used."""

    scene: Any
    application: Any
    logics: dict[str, Any]
    remote: Any
    data_io: Any

    def close(self) -> None:
        """Empty the scene and take it from its logics, so that nothing observes it any longer."""
        self.scene.Clear(True)
        self.remote.RemoveDataIOFromScene()
        self.data_io.SetMRMLScene(None)
        for logic in reversed(self.logics.values()):
            logic.SetMRMLScene(None)
        self.application.SetMRMLScene(None)


def boot(folder: Path) -> Booted:
    """A fresh scene with its logics, set as ``slicer.mrmlScene`` and ``slicer.modules``.

    Args:
        folder: takes the temporary files and the cache.
    """
    import slicer

    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetTemporaryPath(str(folder))
    application.SetMRMLScene(scene)
    colours = application.GetColorLogic()
    colours.SetMRMLScene(scene)
    colours.AddDefaultColorNodes()

    logics = {}
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application)
        application.SetModuleLogic(name, logic)
        logics[name] = logic
    remote, data_io = _file_access(scene, application, folder)

    slicer.mrmlScene = scene
    slicer.modules = SimpleNamespace(**{name.lower(): Module(logic) for name, logic in logics.items()})
    return Booted(scene, application, logics, remote, data_io)


def _file_access(scene: Any, application: Any, folder: Path) -> tuple[Any, Any]:
    """What storage nodes need to pack and unpack scene bundles (``.mrb``)."""
    import slicer

    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.GetCacheManager().SetRemoteCacheDirectory(str(folder))
    remote.SetMRMLScene(scene)
    data_io = slicer.vtkDataIOManagerLogic()
    data_io.SetMRMLApplicationLogic(application)
    data_io.SetAndObserveDataIOManager(remote.GetDataIOManager())
    data_io.SetMRMLScene(scene)
    remote.AddDataIOToScene()
    return remote, data_io
