"""Every number of a segmentation as it is now, after edits too."""

from __future__ import annotations

from typing import Any

import slicer

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Grid, Volume

from .as_acquired import misplaced_warnings
from .disagreement import disagreements_now
from .edited_segments import edited_labels
from .scan_geometry import shape_of, world_stack
from .segment_voxels import mask_of, together
from .told import with_what_was_told
from .translation import tr as _


def remeasure(
    scan: slicer.vtkMRMLScalarVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode
) -> dict[str, Any]:
    """The measuring part of ``measurements.json``, and ``edited``: the ids of labels that a person changed.

    Places are in the world, with the scan's parent transform.

    Raises:
        UnknownLabelError: a segment is no hemorrhage.
        GeometryError: see :func:`.scan_geometry.world_stack`.
    """
    stack = world_stack(scan)
    mask = Volume(mask_of(segmentation, scan), stack.affine)
    measured = measure(mask, slice_positions_mm=stack.slice_positions_mm)
    return {**measured.to_dict(), "edited": edited_labels(segmentation)}


def remeasure_with_what_was_told(
    scan: slicer.vtkMRMLScalarVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode
) -> dict[str, Any]:
    """Also what the run told, see :mod:`.told`, where the detector and the segments differ now, whether the
    segmentation was moved apart from its scan, and whether the scan's slices lie where they were acquired.

    Raises:
        UnknownLabelError, GeometryError: see :func:`remeasure`.
    """
    measured = with_what_was_told(segmentation, remeasure(scan, segmentation))
    if not together(scan, segmentation):
        apart = _(
            "The segmentation is not under the same transform as the scan, so it was measured where it lies. "
            "Put both under the same transform, in the Transforms module."
        )
        measured["warnings"] = [apart, *measured["warnings"]]
    detection = measured.get("detection")
    if detection:
        stack = world_stack(scan)
        grid = Grid(shape_of(scan), stack.affine)
        differ = disagreements_now(detection, measured, grid, stack.slice_positions_mm)
        measured["warnings"] = [*differ, *measured["warnings"]]
    measured["warnings"] = [*misplaced_warnings(scan), *measured["warnings"]]
    return measured
