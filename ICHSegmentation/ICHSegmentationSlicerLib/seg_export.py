"""The result as a DICOM SEG on the series that the scan was loaded from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.errors import GridMismatchError
from ICHSegmentationLib.io.dicom_seg import write_seg
from ICHSegmentationLib.io.dicom_seg_source import DicomSource, source_in
from ICHSegmentationLib.io.origin import Origin

from .as_acquired import is_resampled
from .scan_geometry import local_affine
from .segment_edits import require_together
from .segmentation_nodes import edited_labels, mask_of, model_facts_of
from .translation import tr as _

_ALIKE = 1e-2
_SAME_PLACE_MM = 0.1


def write_dicom_seg(
    scan: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
    files: list[Path],
    path: Path,
) -> Path:
    """Write the segmentation as a DICOM SEG that refers to every one of the scan's slices.

    It says which model outlined the hemorrhage, and whether a person has changed it.

    Raises:
        GridMismatchError: the scan is no longer the series that it was loaded from.
        UnknownLabelError: a segment is no hemorrhage.
        InputError: a slice's file is damaged, or the segmentation does not lie with the scan.
        NotWritableError, DiskFullError, OutputError: the file cannot be written.
    """
    require_together(scan, segmentation)
    source = source_in(files)
    mask = _in_order_of(source, mask_of(segmentation, scan), scan)
    facts = model_facts_of(segmentation)
    edited = bool(edited_labels(segmentation)) or not facts.get("id")
    write_seg(mask, source, path, Origin(facts.get("id", ""), facts.get("version", ""), edited))
    return path


def _in_order_of(
    source: DicomSource, mask: NDArray[np.uint8], scan: slicer.vtkMRMLScalarVolumeNode
) -> NDArray[np.uint8]:
    """A mask on the scan's voxels in the order of the source's slices.

    Slicer keeps each slice's pixels as they are; only the direction of the slices is its own. A tilted scan's
    affine is upright, and a transform above it moves each slice to its place: so slices are told by their
    order, and only the first one by its place. One whose transform was hardened has other slices at the same
    places.
    """
    affine = local_affine(scan)
    first = source.slices[0]
    turned = np.array([-1.0, -1.0, 1.0])
    axes = first.axes * turned * np.array(first.pixel_spacing)[::-1, np.newaxis]
    normal = np.cross(axes[0], axes[1])
    downwards = float(normal @ affine[:3, 2]) < 0
    slices = source.slices[:: -1 if downwards else 1]
    begin = slices[0].position * turned
    fits = (
        mask.shape == (len(source.slices), *first.shape)
        and np.abs(affine[:3, :2].T - axes).max() < _ALIKE
        and np.abs(affine[:3, 3] - begin).max() < _SAME_PLACE_MM
        and not is_resampled(scan, slices)
    )
    if not fits:
        raise GridMismatchError(
            _("Expected the scan as it was loaded from DICOM, found it cropped, resampled or turned."),
            _("Segment the scan as it was loaded, or export with Slicer's DICOM module."),
        )
    return np.ascontiguousarray(mask[::-1] if downwards else mask)
