"""Which segments a person has changed since the model made them; kept in the segments, so it is saved too."""

from __future__ import annotations

import slicer

from .segment_voxels import labels_of

_TAG = "ICHSegmentation.Edited"


def mark_edited(segment: slicer.vtkSegment) -> None:
    """Say that a person has changed the segment."""
    segment.SetTag(_TAG, "1")


def is_edited(segment: slicer.vtkSegment) -> bool:
    """Whether a person has changed the segment."""
    return segment.HasTag(_TAG)


def edited_labels(segmentation: slicer.vtkMRMLSegmentationNode) -> list[str]:
    """Ids of the labels whose segments a person has changed.

    Raises:
        UnknownLabelError: a segment is no hemorrhage, see :func:`.terminology.label_of`.
    """
    content = segmentation.GetSegmentation()
    return [
        label.id for name, label in labels_of(segmentation).items() if is_edited(content.GetSegment(name))
    ]
