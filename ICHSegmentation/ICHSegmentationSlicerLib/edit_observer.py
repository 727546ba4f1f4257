"""Hears of edits to a segmentation, whoever made them, and marks the segments that changed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from ICHSegmentationLib.correction.piece import box_of

from .edited_segments import mark_edited
from .segment_voxels import LABELMAP

_OTHER_EVENTS = ("SegmentModified", "SegmentAdded", "SegmentRemoved")
"""Undo tells of them while it restores one segment after the other, with their marks as they were; a result
that fills the segmentation anew tells of them too."""


class EditObserver:
    """Compares voxels, because Slicer's events do not say whose voxels have changed: segments share a
    labelmap, painting one may take from another, and undo changes several at once.

    Segments that come into the segmentation with voxels, as a new result does, are not edited.

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
        self._tell_if_changed(before)

    def _tell_if_changed(self, before: dict[str, _Look]) -> None:
        if _voxels(before) != _voxels(self._seen):
            self._callback()

    def _look(self, known: dict[str, _Look]) -> dict[str, _Look]:
        segments = {name: self._content.GetSegment(name) for name in self._content.GetSegmentIDs()}
        return {name: _look_at(segment, known.get(name)) for name, segment in segments.items()}


@dataclass(frozen=True)
class _Look:
    """A segment as it was when it was looked at; ``voxels`` is the same where its voxels are the same."""

    segment: Any
    image: Any
    time: int
    value: int
    voxels: tuple[int, ...]


def _voxels(looks: dict[str, _Look]) -> dict[str, tuple[int, ...]]:
    return {name: look.voxels for name, look in looks.items() if look.voxels}


def _look_at(segment: slicer.vtkSegment, known: _Look | None) -> _Look:
    image, value = segment.GetRepresentation(LABELMAP), segment.GetLabelValue()
    time = image.GetMTime() if image is not None else 0
    if known is not None and (known.image, known.time, known.value) == (image, time, value):
        voxels = known.voxels
    else:
        voxels = _fingerprint(image, value)
    return _Look(segment, image, time, value, voxels)


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
