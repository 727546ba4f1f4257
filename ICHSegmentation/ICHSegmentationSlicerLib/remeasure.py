"""Every number of a segmentation as it is now, after edits too."""

from __future__ import annotations

from typing import Any

import slicer

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Grid, Volume

from .disagreement import disagreements_now
from .edited_segments import edited_labels
from .scan_geometry import shape_of, world_affine
from .segment_voxels import mask_of
from .told import with_what_was_told


def remeasure(
    scan: slicer.vtkMRMLScalarVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode
) -> dict[str, Any]:
    """The measuring part of ``measurements.json``, and ``edited``: the ids of labels that a person changed.

    Places are in the world, with the scan's parent transform.

    Raises:
        UnknownLabelError: a segment is no hemorrhage.
        GeometryError: see :func:`.scan_geometry.world_affine`.
    """
    measured = measure(Volume(mask_of(segmentation, scan), world_affine(scan)))
    return {**measured.to_dict(), "edited": edited_labels(segmentation)}


def remeasure_with_what_was_told(
    scan: slicer.vtkMRMLScalarVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode
) -> dict[str, Any]:
    """Also what the run told, see :mod:`.told`, and where the detector and the segments differ now.

    Raises:
        UnknownLabelError, GeometryError: see :func:`remeasure`.
    """
    measured = with_what_was_told(segmentation, remeasure(scan, segmentation))
    detection = measured.get("detection")
    if detection:
        differ = disagreements_now(detection, measured, Grid(shape_of(scan), world_affine(scan)))
        measured["warnings"] = [*differ, *measured["warnings"]]
    return measured
