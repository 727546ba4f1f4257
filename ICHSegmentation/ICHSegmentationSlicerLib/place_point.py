"""One click into a view: Slicer's own place mode, for as long as a button stays pressed."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk

from .translation import tr as _

Point = tuple[float, float, float]

_CLASS = "vtkMRMLMarkupsFiducialNode"


class PointPlacing:
    """Tells each point that the user clicks, in world RAS mm.

    Args:
        placed: hears of each click.
        ended: hears that the user has left place mode, as with a right click.
    """

    def __init__(
        self, scene: slicer.vtkMRMLScene, placed: Callable[[Point], None], ended: Callable[[], None]
    ) -> None:
        self._scene, self._placed, self._ended = scene, placed, ended
        self._node: slicer.vtkMRMLMarkupsFiducialNode | None = None
        self._observed: list[tuple[vtk.vtkObject, int]] = []

    @property
    def active(self) -> bool:
        return self._node is not None

    def start(self) -> None:
        """The next clicks in slice views are taken, until :meth:`stop`."""
        self.stop()
        node = slicer.vtkMRMLMarkupsFiducialNode()
        node.SetName(_("Click on a lesion"))
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        self._node = self._scene.AddNode(node)
        self._node.CreateDefaultDisplayNodes()
        selection = self._singleton("vtkMRMLSelectionNode")
        selection.SetReferenceActivePlaceNodeClassName(_CLASS)
        selection.SetActivePlaceNodeID(self._node.GetID())
        interaction = self._singleton("vtkMRMLInteractionNode")
        interaction.SetPlaceModePersistence(1)
        interaction.SetCurrentInteractionMode(interaction.Place)
        self._observe(self._node, self._node.PointPositionDefinedEvent, self._take)
        self._observe(interaction, interaction.InteractionModeChangedEvent, self._left)

    def stop(self) -> None:
        """Back to looking; harmless when nothing is being placed."""
        node, self._node = self._node, None
        for subject, tag in self._observed:
            subject.RemoveObserver(tag)
        self._observed.clear()
        if node is None:
            return
        interaction = self._singleton("vtkMRMLInteractionNode")
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        self._scene.RemoveNode(node)

    def _observe(self, subject: vtk.vtkObject, event: int, heard: Callable[..., None]) -> None:
        self._observed.append((subject, subject.AddObserver(event, heard)))

    def _take(self, node: slicer.vtkMRMLMarkupsNode, *_event: object) -> None:
        # A view adds a point of its own that follows the mouse; that one is not placed.
        placed = [
            n
            for n in range(node.GetNumberOfControlPoints())
            if node.GetNthControlPointPositionStatus(n) == node.PositionDefined
        ]
        place = [0.0, 0.0, 0.0]
        node.GetNthControlPointPositionWorld(placed[-1], place)
        self._placed((place[0], place[1], place[2]))

    def _left(self, interaction: slicer.vtkMRMLInteractionNode, _event: object) -> None:
        if interaction.GetCurrentInteractionMode() != interaction.Place:
            self.stop()
            self._ended()

    def _singleton(self, class_name: str) -> slicer.vtkMRMLNode:
        return self._scene.GetSingletonNode("Singleton", class_name)
