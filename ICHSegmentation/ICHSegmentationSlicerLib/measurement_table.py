"""Measurements as a table node in the scene, as text to paste and as CSV."""

from __future__ import annotations

import csv
import io

import slicer
import vtk

from ICHSegmentationLib.report.numbers import RESEARCH_USE

from .measurement_rows import Measured, cells, headings, notable, rows_of
from .translation import tr as _

__all__ = ["as_csv", "as_text", "fill_table", "notable", "rows_of", "table_of"]

SCAN_ROLE = "ICHSegmentation.Scan"
_COLUMNS = ("finding", "slices", "volume_ml", "tada_ml", "difference_ml", "difference_percent", "note")
"""Names for scripts; the headings that a user sees are their titles."""

_CSV_FIELDS = (
    "row", "name", "first_slice", "last_slice", "volume_ml", "tada_ml", "difference_ml", "difference_percent",
    "marks", "reason",
)  # fmt: skip


def fill_table(
    scene: slicer.vtkMRMLScene,
    measurements: Measured,
    scan: slicer.vtkMRMLScalarVolumeNode,
    node: slicer.vtkMRMLTableNode | None = None,
) -> slicer.vtkMRMLTableNode:
    """Write the rows of :func:`.measurement_rows.rows_of` into a table node, one table row for each.

    Args:
        node: a table to fill anew; None makes one, named after the scan.
    """
    if node is None:
        name = _("{scan} hemorrhage measurements").format(scan=scan.GetName())
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    rows = [cells(row) for row in rows_of(measurements)]
    columns = list(zip(*rows, strict=True))
    editing = node.StartModify()
    node.RemoveAllColumns()
    for name, heading, texts in zip(_COLUMNS, headings(), columns, strict=True):
        column = vtk.vtkStringArray()
        column.SetName(name)
        for text in texts:
            column.InsertNextValue(text)
        node.AddColumn(column)
        node.SetColumnTitle(name, heading)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    node.SetNodeReferenceID(SCAN_ROLE, scan.GetID())
    node.EndModify(editing)
    _place_beside(scan, node)
    return node


def table_of(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode
) -> slicer.vtkMRMLTableNode | None:
    """The latest table of this scan, such as one that came with a saved scene."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    tables = [scene.GetNthNodeByClass(n, "vtkMRMLTableNode") for n in range(count)]
    return next((t for t in reversed(tables) if t.GetNodeReferenceID(SCAN_ROLE) == scan.GetID()), None)


def as_text(measurements: Measured) -> str:
    """The measurements as lines to paste into a note: one row a line, the columns apart by tabs."""
    lines = ["\t".join(headings()), *("\t".join(cells(row)) for row in rows_of(measurements))]
    return "\n".join([*notable(measurements), *lines, RESEARCH_USE]) + "\n"


def as_csv(measurements: Measured) -> str:
    """The rows with full precision and untranslated headings, for other programs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_FIELDS)
    for row in rows_of(measurements):
        numbers = (row.volume_ml, row.tada_ml, row.difference_ml, row.difference_percent)
        written = ["" if number is None else f"{number:.4f}" for number in numbers]
        slices = row.slices or ("", "")  # in columns of their own: Excel takes 3-7 for the third of July
        writer.writerow([row.kind, row.name, *slices, *written, "; ".join(row.marks), row.reason])
    return text.getvalue()


def _place_beside(scan: slicer.vtkMRMLScalarVolumeNode, node: slicer.vtkMRMLTableNode) -> None:
    hierarchy = scan.GetScene().GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(scan) if hierarchy else 0
    if item:
        hierarchy.SetItemParent(
            hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetItemParent(item), node),
            hierarchy.GetItemParent(item),
        )
