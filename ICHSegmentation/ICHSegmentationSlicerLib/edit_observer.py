"""Hears of edits to a segmentation, and of moves of what is measured, whoever made them; marks the segments
that were edited."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from ICHSegmentationLib.correction.piece import box_of
from ICHSegmentationLib.errors import UnknownLabelError
from ICHSegmentationLib.labels import Label

from .edited_segments import mark_edited
from .segment_voxels import LABELMAP
from .terminology import label_of

_OTHER_EVENTS = ("SegmentModified", "SegmentAdded", "SegmentRemoved")
"""Undo tells of them while it restores one segment after the other, with their marks as they were; a result
that fills the segmentation anew tells of them too."""


class EditObserver:
    """Compares voxels, because Slicer's events do not say whose voxels have changed: segments share a
    labelmap, painting one may take from another, and undo changes several at once.

    Segments that come into the segmentation with voxels, as a new result does, are not edited. One that is
    given the name or the codes of another label is.

    Args:
        callback: called after each edit; one user's action may be several edits.
    """

    def __init__(self, segmentation: slicer.vtkMRMLSegmentationNode, callback: Callable[[], None]) -> None:
        self._content = segmentation.GetSegmentation()
        self._callback = callback
        self._seen = self._look({})
        observe = self._content.AddObserver
        self._tags = [observe(getattr(self._content, event), self._heard) for event in _OTHER_EVENTS]
        self._tags.append(observe(self._content.SourceRepresentationModified, self._heard_edit))

    def stop(self) -> None:
        """Hear of nothing more."""
        for tag in self._tags:
            self._content.RemoveObserver(tag)
        self._tags.clear()

    def _heard_edit(self, *_event: object) -> None:
        before = self._seen
        self._seen = self._look(before)
        for name, now in self._seen.items():
            if name in before and before[name].voxels != now.voxels:
                mark_edited(now.segment)
        self._tell_if_changed(before)

    def _heard(self, *_event: object) -> None:
        before = self._seen
        self._seen = self._look(before)
        for name, now in self._seen.items():
            if name in before and _called_otherwise(before[name], now):
                mark_edited(now.segment)
        self._tell_if_changed(before)

    def _tell_if_changed(self, before: dict[str, _Look]) -> None:
        if _measured(before) != _measured(self._seen):
            self._callback()

    def _look(self, known: dict[str, _Look]) -> dict[str, _Look]:
        segments = {name: self._content.GetSegment(name) for name in self._content.GetSegmentIDs()}
        only = len(segments) == 1
        return {name: _look_at(segment, only, known.get(name)) for name, segment in segments.items()}


class MoveObserver:
    """Hears when a scan or its segmentation comes under another transform, or when its transform changes.

    Args:
        callback: called after each move, also in the middle of a drag.
    """

    def __init__(
        self, nodes: Sequence[slicer.vtkMRMLTransformableNode], callback: Callable[[], None]
    ) -> None:
        self._tags = [
            (node, node.AddObserver(node.TransformModifiedEvent, lambda *_event: callback()))
            for node in nodes
        ]

    def stop(self) -> None:
        """Hear of nothing more."""
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags.clear()


@dataclass(frozen=True)
class _Look:
    """A segment as it was when it was looked at; ``voxels`` is the same where its voxels are the same, and
    ``label`` is None where it is no hemorrhage."""

    segment: Any
    image: Any
    time: int
    value: int
    voxels: tuple[int, ...]
    label: Label | None


def _measured(looks: dict[str, _Look]) -> dict[str, object]:
    """What the numbers depend on: voxels and what they are; a segment that is no hemorrhage forbids any."""
    return {
        name: (look.voxels, look.label) for name, look in looks.items() if look.voxels or look.label is None
    }


def _called_otherwise(before: _Look, now: _Look) -> bool:
    """Whether the same voxels are another kind of hemorrhage now."""
    known = before.label is not None and now.label is not None
    return known and before.voxels == now.voxels and before.label != now.label


def _look_at(segment: slicer.vtkSegment, only: bool, known: _Look | None) -> _Look:
    image, value = segment.GetRepresentation(LABELMAP), segment.GetLabelValue()
    time = image.GetMTime() if image is not None else 0
    if known is not None and (known.image, known.time, known.value) == (image, time, value):
        voxels = known.voxels
    else:
        voxels = _fingerprint(image, value)
    try:
        label = label_of(segment, only)
    except UnknownLabelError:
        label = None
    return _Look(segment, image, time, value, voxels, label)


def _fingerprint(image: slicer.vtkOrientedImageData | None, value: int) -> tuple[int, ...]:
    """Place and checksum of the voxels with this value; empty without any."""
    if image is None:
        return ()
    scalars = image.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        return ()
    columns, rows, slices = image.GetDimensions()
    inside = vtk_to_numpy(scalars).reshape(slices, rows, columns) == value
    if not inside.any():
        return ()
    box = box_of(inside)
    first = image.GetExtent()[4::-2]
    place = [start + part.start for start, part in zip(first, box, strict=True)]
    return (*place, *inside[box].shape, zlib.crc32(np.packbits(inside[box]).tobytes()))
