"""The lines A, B and C of a lesion as markups that a user may drag, and the Tada volume they give."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray

from .scan_geometry import world_stack
from .tada_ends import LETTERS, line_ends
from .translation import tr as _

_LETTER = "ICHSegmentation.TadaLine"
_LESION = "ICHSegmentation.TadaLesion"
_AUTOMATIC = "ICHSegmentation.TadaAutomatic"
_SCAN = "ICHSegmentation.TadaScan"
_CLASS = "vtkMRMLMarkupsLineNode"
_SAME_MM = 0.01
_COLOURS = {"A": (1.0, 0.85, 0.1), "B": (0.2, 0.85, 1.0), "C": (1.0, 0.55, 0.9)}


class TadaLines:
    """The three lines of one lesion.

    Args:
        nodes: a line node for each of A, B and C.
    """

    def __init__(self, nodes: Mapping[str, slicer.vtkMRMLMarkupsLineNode]) -> None:
        self.nodes = dict(nodes)
        self._scene = next(iter(self.nodes.values())).GetScene()
        self._observed: list[tuple[vtk.vtkObject, int]] = []

    @property
    def lesion_id(self) -> int:
        """Number of the lesion in the measurements that the lines were made from."""
        return int(self.nodes["A"].GetAttribute(_LESION))

    @property
    def volume_ml(self) -> float:
        """pi/6 A B C, from the lines as they are now."""
        return math.pi / 6 * math.prod(self.lengths_mm.values()) / 1000

    @property
    def lengths_mm(self) -> dict[str, float]:
        """Lengths in the world, by letter."""
        return {letter: node.GetLineLengthWorld() for letter, node in self.nodes.items()}

    @property
    def dragged(self) -> bool:
        """Whether a line is not the automatic one any more, and none was deleted."""
        nodes = self.nodes.values()
        return all(node.GetScene() is not None for node in nodes) and any(
            not np.allclose(_ends(node), json.loads(node.GetAttribute(_AUTOMATIC)), atol=_SAME_MM)
            for node in nodes
        )

    @property
    def shown(self) -> bool:
        """Whether they are in the views."""
        return bool(self.nodes["A"].GetDisplayNode().GetVisibility())

    def show(self, visible: bool) -> None:
        """In the views, or not."""
        for node in self.nodes.values():
            node.GetDisplayNode().SetVisibility(visible)

    def follow(self, scan: slicer.vtkMRMLScalarVolumeNode, lesion: Mapping[str, Any]) -> bool:
        """Go under the transform of a scan that was moved; whether the lines then are those of the lesion, as
        far as they were not dragged.

        Args:
            lesion: one lesion of the measurements of the scan where it lies now.
        """
        if lesion["id"] != self.lesion_id or not lesion["tada"]["applicable"]:
            return False
        for node in self.nodes.values():
            node.SetAndObserveTransformNodeID(scan.GetTransformNodeID())
        ends = line_ends(lesion, world_stack(scan))
        return all(np.allclose(_automatic(self.nodes[name]), ends[name], atol=_SAME_MM) for name in ends)

    def refit(self) -> None:
        """The automatic lines again; one that was deleted comes back."""
        for node in self.nodes.values():
            if node.GetScene() is None:
                self._scene.AddNode(node)
                node.CreateDefaultDisplayNodes()
            for n, place in enumerate(json.loads(node.GetAttribute(_AUTOMATIC))):
                node.SetNthControlPointPosition(n, *place)

    def observe(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` whenever a line changes, also while it is dragged; replaces an earlier one."""
        self.stop()
        for node in self.nodes.values():
            for event in (node.PointModifiedEvent, node.TransformModifiedEvent):
                tag = node.AddObserver(event, lambda *_event: callback())
                self._observed.append((node, tag))

    def stop(self) -> None:
        """End :meth:`observe`."""
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed.clear()

    def remove(self) -> None:
        """Take the lines out of the scene."""
        self.stop()
        for node in self.nodes.values():
            if node.GetScene() is not None:
                self._scene.RemoveNode(node)


def add_tada_lines(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode, lesion: Mapping[str, Any]
) -> TadaLines | None:
    """The automatic lines of a lesion, in place of earlier ones; None where the formula is not meant for it.

    A and B lie on the slice where the lesion's area is largest. They stand under the scan's parent transform,
    so they stay with the scan.

    Args:
        lesion: one lesion of ``measurements.json``; ``lesion["tada"]["reason"]`` says why there are no lines.

    Raises:
        GeometryError: see :func:`.scan_geometry.world_stack`.
    """
    for node in _line_nodes(scene, scan):
        if node.GetAttribute(_LESION) == str(lesion["id"]):
            scene.RemoveNode(node)
    if not lesion["tada"]["applicable"]:
        return None
    nodes = {}
    for letter, ends in line_ends(lesion, world_stack(scan)).items():
        name = _("Lesion {number} {letter}").format(number=lesion["id"], letter=letter)
        node = scene.AddNewNodeByClass(_CLASS, name)
        node.SetAndObserveTransformNodeID(scan.GetTransformNodeID())
        for end in ends:
            node.AddControlPointWorld(vtk.vtkVector3d(*end))
        _describe(node, scan, letter, lesion["id"])
        nodes[letter] = node
    return TadaLines(nodes)


def find_tada_lines(scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode) -> list[TadaLines]:
    """The lines of a scan that are in the scene, as after loading it; by lesion."""
    by_lesion: dict[int, dict[str, slicer.vtkMRMLMarkupsLineNode]] = {}
    for node in _line_nodes(scene, scan):
        by_lesion.setdefault(int(node.GetAttribute(_LESION)), {})[node.GetAttribute(_LETTER)] = node
    return [TadaLines(nodes) for _id, nodes in sorted(by_lesion.items()) if set(nodes) == set(LETTERS)]


def _describe(
    node: slicer.vtkMRMLMarkupsLineNode, scan: slicer.vtkMRMLScalarVolumeNode, letter: str, lesion: int
) -> None:
    """What makes the node a Tada line: two ends that can be dragged but not removed, name, colour, origin."""
    node.SetFixedNumberOfControlPoints(True)
    node.SetAttribute(_LETTER, letter)
    node.SetAttribute(_LESION, str(lesion))
    node.SetAttribute(_AUTOMATIC, json.dumps(_ends(node)))
    node.SetNodeReferenceID(_SCAN, scan.GetID())
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetColor(*_COLOURS[letter])
    display.SetSelectedColor(*_COLOURS[letter])
    # Name and length of a line stand at its middle, where A and B cross: so each bears its letter at one end.
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(True)
    for n, label in enumerate((letter, "")):
        node.SetNthControlPointLabel(n, label)
    hierarchy = node.GetScene().GetSubjectHierarchyNode()
    if hierarchy is not None and hierarchy.GetItemByDataNode(scan):
        parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(scan))
        hierarchy.SetItemParent(
            hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(parent, node), parent
        )


def _ends(node: slicer.vtkMRMLMarkupsLineNode) -> list[list[float]]:
    """RAS mm of the ends, under the line's parent transform."""
    return [list(node.GetNthControlPointPosition(n)) for n in range(2)]


def _automatic(node: slicer.vtkMRMLMarkupsLineNode) -> NDArray[np.float64]:
    """``[2, 3]`` world RAS mm of the ends of the automatic line."""
    ends = np.zeros((2, 3))
    for local, world in zip(json.loads(node.GetAttribute(_AUTOMATIC)), ends, strict=True):
        node.TransformPointToWorld(local, world)
    return ends


def _line_nodes(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode
) -> list[slicer.vtkMRMLMarkupsLineNode]:
    nodes = [scene.GetNthNodeByClass(n, _CLASS) for n in range(scene.GetNumberOfNodesByClass(_CLASS))]
    return [
        node
        for node in nodes
        if node.GetAttribute(_LETTER) and node.GetNodeReferenceID(_SCAN) == scan.GetID()
    ]
