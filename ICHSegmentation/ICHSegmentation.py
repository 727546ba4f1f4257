"""Intracranial hemorrhage on head CT: outlined, measured and corrected in 3D Slicer.

This file only joins: the state that is saved with the scene, the panel with the parts it works with, and the
way in for scripts. The work is in ``ICHSegmentationSlicerLib``.
"""

from pathlib import Path
from typing import Annotated

import slicer
import vtk
from ICHSegmentationSlicerLib.self_tests import SelfTests
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class ICHSegmentation(ScriptedLoadableModule):
    """What Slicer's module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Intracranial Hemorrhage Segmentation")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = []
        self.parent.contributors = ["The ICHSegmentation contributors"]
        self.parent.helpText = _(
            "Finds, outlines and measures intracranial hemorrhage on a non-contrast head CT. Choose it, "
            "press Segment hemorrhage, look at the outlines, and correct them where needed: the numbers "
            "follow. Research use only. Not a medical device."
        )
        self.parent.acknowledgementText = _(
            "The default model is for non-commercial research only. The README of this extension names the "
            "public data sets it learned from, and how to cite them."
        )
        import qt

        slicer.app.connect("startupCompleted()", self._offer)
        # A Slicer into which the extension is loaded later has started already, and says so no more.
        qt.QTimer.singleShot(0, self._offer)

    def _offer(self):
        """Sample data, regions, and ``process`` on the logic that ``slicer.modules`` hands out.

        May be called again, for what Slicer has loaded since.
        """
        from ICHSegmentationSlicerLib import sample_data, terminology

        if hasattr(slicer.modules, "sampledata"):
            sample_data.register()
        if hasattr(slicer.modules, "terminologies"):
            terminology.load_regions(slicer.modules.terminologies.logic())
        if hasattr(slicer.modules, "ichsegmentation"):
            # The attribute lives as long as somebody holds the logic's Python object.
            self._logic = slicer.modules.ichsegmentation.logic()
            self._logic.process = ICHSegmentationLogic().process


@parameterNodeWrapper
class ICHSegmentationParameterNode:
    """What is saved with the scene.

    Attributes:
        scan: the head CT that the panel shows.
        segmentation: of that scan; the one the numbers are of.
        earlierScan: to compare with.
        mapUncertainty: whether a run also writes where the model was unsure.
        paintOnlyHyperdense: whether painting changes only voxels from ``paintFromHU`` to ``paintToHU``.
    """

    scan: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    earlierScan: vtkMRMLScalarVolumeNode
    mapUncertainty: bool = False
    paintOnlyHyperdense: bool = True
    # A spin box takes its range from here: without one, Slicer gives it that of all integers.
    paintFromHU: Annotated[int, WithinRange(-1000, 3000)] = 40
    paintToHU: Annotated[int, WithinRange(-1000, 3000)] = 90


class ICHSegmentationWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Puts the panel into Slicer, and tells it what happens to the scene."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panel = None
        self._state = None
        self._connection = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        widget = slicer.util.loadUI(self.resourcePath("UI/ICHSegmentation.ui"))
        self.layout.addWidget(widget)
        self.ui = slicer.util.childWidgetVariables(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        self.logic = ICHSegmentationLogic()
        self.panel = self.logic.make_panel(self.ui, widget)
        for event, heard in (
            (slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose),
            (slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose),
            (slicer.mrmlScene.EndImportEvent, self.onSceneEndImport),
        ):
            self.addObserver(slicer.mrmlScene, event, heard)
        self.followScene()

    def cleanup(self):
        """Slicer closes, or the module is loaded anew."""
        if self.panel is not None:
            self.panel.close()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        self.followScene()
        self.panel.enter()

    def exit(self):
        self.panel.leave()

    def onSceneStartClose(self, caller, event):
        self.panel.follow(None)
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.followScene()

    def onSceneEndImport(self, caller, event):
        if self.parent.isEntered:
            self.followScene()
            self.panel.scene_imported()

    def followScene(self):
        """Take up the state that is in the scene, or begin one."""
        if self._state is None:
            self.setParameterNode(self.logic.getParameterNode())
            self.panel.follow(self._state)

    def setParameterNode(self, state):
        if self._state is not None:
            self._state.disconnectGui(self._connection)
            self.removeObserver(self._state, vtk.vtkCommand.ModifiedEvent, self.onStateChanged)
        self._state = state
        if state is not None:
            # Not ``connectGui``, which gives back nothing to disconnect by.
            self._connection = state.connectParametersToGui(self._widgetsOfState())
            self.addObserver(state, vtk.vtkCommand.ModifiedEvent, self.onStateChanged)

    def _widgetsOfState(self):
        """The widgets that show the state, by the names that the ``.ui`` file gives them."""
        named = [(widget.property("SlicerParameterName"), widget) for widget in vars(self.ui).values()]
        return {name: widget for name, widget in named if name}

    def onStateChanged(self, caller=None, event=None):
        self.panel.state_changed()


class ICHSegmentationLogic(ScriptedLoadableModuleLogic):
    """Makes the parts that the panel and scripts work with."""

    def getParameterNode(self):
        return ICHSegmentationParameterNode(super().getParameterNode())

    def process(self, volumeNode, model="default", device="auto", uncertainty=False, replace=None):
        """Segment a head CT, and wait for it.

        Args:
            volumeNode: a ``vtkMRMLScalarVolumeNode``.
            model: id of an installed model, or a model folder.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            uncertainty: whether to add a map of where the model was unsure.
            replace: a segmentation node to fill anew; None adds one.

        Returns:
            the ``vtkMRMLSegmentationNode`` and the measurements, as in ``measurements.json``.

        Raises:
            ICHError: one of its kinds, with what to do about it.
        """
        from ICHSegmentationSlicerLib.waiting_run import run_and_wait

        from ICHSegmentationLib.settings import SegmentationSettings

        settings = SegmentationSettings(model=model, device=device, uncertainty=uncertainty)
        return run_and_wait(self._scene(), self._setup(), self._folder(), volumeNode, replace, settings)

    def make_panel(self, ui, parent):
        from ICHSegmentationSlicerLib.desk import Desk
        from ICHSegmentationSlicerLib.panel import Panel, Parts

        return Panel(ui, Parts(self._scene(), Desk(parent), self._setup(), self._folder()))

    def _scene(self):
        from ICHSegmentationSlicerLib.hemorrhage_scene import HemorrhageScene

        return HemorrhageScene(slicer.mrmlScene, self._folder())

    def _setup(self):
        from ICHSegmentationSlicerLib.set_up import slicers_set_up

        return slicers_set_up(Path(__file__).resolve().parent / "Resources", self._folder())

    def _folder(self):
        return Path(slicer.app.temporaryPath)


class ICHSegmentationTest(SelfTests, ScriptedLoadableModuleTest):
    """Started by the module's Test button, and by CTest through ``Testing/slicer``."""
