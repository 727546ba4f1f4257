"""Every number of a segmentation as it is now, after edits too."""

from __future__ import annotations

from typing import Any

import slicer

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

from .edited_segments import edited_labels
from .scan_geometry import world_affine
from .segment_voxels import mask_of


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
