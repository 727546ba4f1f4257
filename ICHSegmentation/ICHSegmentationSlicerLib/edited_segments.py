"""Which segments a person has changed or removed since the model made them; it is saved with them."""

from __future__ import annotations

from collections.abc import Iterable

import slicer

from ICHSegmentationLib.labels import Label

from .segment_voxels import labels_of

_TAG = "ICHSegmentation.Edited"
_OUTLINED = "ICHSegmentation.Outlined"
"""Attribute of the segmentation: ids of the labels that it had at first. A removed segment bears no mark."""


def keep_outlined(segmentation: slicer.vtkMRMLSegmentationNode, labels: Iterable[Label]) -> None:
    """Keep what was outlined before anybody could edit it."""
    segmentation.SetAttribute(_OUTLINED, " ".join(label.id for label in labels))


def mark_edited(segment: slicer.vtkSegment) -> None:
    """Say that a person has changed the segment."""
    segment.SetTag(_TAG, "1")


def is_edited(segment: slicer.vtkSegment) -> bool:
    """Whether a person has changed the segment."""
    return segment.HasTag(_TAG)


def edited_labels(segmentation: slicer.vtkMRMLSegmentationNode) -> list[str]:
    """Ids of the labels whose segments a person has changed, and then of those that are no longer there.

    Raises:
        UnknownLabelError: a segment is no hemorrhage, see :func:`.terminology.label_of`.
    """
    content, labels = segmentation.GetSegmentation(), labels_of(segmentation)
    changed = [label.id for name, label in labels.items() if is_edited(content.GetSegment(name))]
    here = {label.id for label in labels.values()}
    outlined = (segmentation.GetAttribute(_OUTLINED) or "").split()
    return [*changed, *(label for label in outlined if label not in here)]
