"""A DICOM Segmentation, ours or another program's, as label values on the grid of its CT.

A SEG holds only the slices somebody drew on, in any order; each frame is put where its own header places it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.sr.coding import Code

from ..errors import GridMismatchError, NotAnImageError
from ..labels import LABELS, TYPE, Label
from ..labels import Code as OurCode
from ..volume import CTVolume, Volume
from .dicom_pixels import require_decoder
from .dicom_seg_source import DicomSource
from .dicom_slices import functional_group, read_dataset, reading
from .slicer_segments import label_meant

_SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")  # SEG, label map SEG
_OFF = 0.2
"""A pixel may lie this share of a voxel beside the CT's: headers round, and so do converters."""

_TO_RAS = np.array([-1.0, -1.0, 1.0])


def read_seg(path: Path, ct: CTVolume) -> Volume:
    """Read a DICOM SEG onto the CT it was drawn on; slices without a frame are empty.

    Segments get the label whose name they bear, else the one whose codes (type, anatomic region) they carry.
    Where segments overlap, the one with the highest number wins.

    Args:
        ct: on any grid whose voxels are those of the SEG: the DICOM series itself, or a file made from it.

    Raises:
        NotAnImageError: the file is no DICOM SEG, is damaged, or holds probabilities.
        UnknownLabelError: a segment is no hemorrhage.
        GridMismatchError: its pixels are not voxels of the CT.
        DependencyError: its compression needs a package that is not installed.
    """
    seg = _opened(path)
    with reading(path):
        labels = _labels(seg)
        voxels = np.zeros(ct.voxels.shape, dtype=np.uint8)
        placed: list[tuple[int, NDArray[np.intp], NDArray[np.uint8]]] = []
        for number, world, values in _pixels(seg, labels):
            placed.append((number, _indices(world, ct), values))
    for _, indices, values in sorted(placed, key=lambda each: each[0]):
        voxels[tuple(indices.T)] = values
    return Volume(voxels, ct.affine, ct.header)


def _opened(path: Path) -> Dataset:
    try:
        with reading(path):
            seg = read_dataset(path)
            require_decoder(seg, path)
    except InvalidDicomError as error:
        raise NotAnImageError(f"Expected a DICOM SEG in {path.name}, found something else.") from error
    found = seg.get("SOPClassUID", "")
    if found not in _SEGMENTATIONS:
        raise NotAnImageError(
            f"Expected a DICOM SEG in {path.name}, found {found.name if found else 'none'}.",
            "Give the segmentation object, not the scan or a structure set.",
        )
    if seg.get("SegmentationType") == "FRACTIONAL":
        raise NotAnImageError(
            f"Expected a DICOM SEG of whole voxels in {path.name}, found one of probabilities or shares.",
            "Export it as a binary segmentation.",
        )
    return seg


def _labels(seg: Dataset) -> dict[int, Label]:
    """The label of each segment number."""
    described = [
        s for s in seg.SegmentSequence if int(s.SegmentNumber)
    ]  # a label map may describe 0, nothing
    return {
        int(s.SegmentNumber): label_meant(
            str(s.get("SegmentLabel", "")), _type(s), _region(s), only=len(described) == 1
        )
        for s in described
    }


def _type(segment: Dataset) -> str:
    kinds = segment.get("SegmentedPropertyTypeCodeSequence")
    return _known(kinds[0], [TYPE]) if kinds else ""


def _region(segment: Dataset) -> str:
    regions = segment.get("AnatomicRegionSequence")
    return _known(regions[0], [label.region for label in LABELS]) if regions else ""


def _known(item: Dataset, codes: Iterable[OurCode]) -> str:
    """The code value in a sequence item; one of ``codes`` also where it is written in old SNOMED (SRT)."""
    found = Code(str(item.get("CodeValue", "")), str(item.get("CodingSchemeDesignator", "")), "")
    return next((c.value for c in codes if Code(c.value, c.scheme, c.meaning) == found), found.value)


def _pixels(
    seg: Dataset, labels: dict[int, Label]
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.uint8]]]:
    """Of each frame with something in it: its segment, the places (RAS, mm) of its pixels, and their labels.

    A frame of a label map has no segment of its own, and counts as 0.
    """
    frames = seg.pixel_array.reshape(-1, int(seg.Rows), int(seg.Columns))
    shared = seg.SharedFunctionalGroupsSequence[0]
    for groups, frame in zip(seg.PerFrameFunctionalGroupsSequence, frames, strict=True):
        pixels = np.argwhere(frame)
        if not len(pixels):
            continue
        places = _places(groups, shared, pixels)
        if seg.SegmentationType == "LABELMAP":
            numbers, which = np.unique(frame[tuple(pixels.T)], return_inverse=True)
            values = np.array([labels[int(number)].value for number in numbers], dtype=np.uint8)
            yield 0, places, values[which]
        else:
            segment = functional_group("SegmentIdentificationSequence", groups, shared)
            number = int(segment.ReferencedSegmentNumber)
            yield number, places, np.full(len(pixels), labels[number].value, dtype=np.uint8)


def _places(groups: Dataset, shared: Dataset, pixels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Patient coordinates (RAS, mm) ``[N, 3]`` of a frame's pixels ``[N, 2]`` (row, column)."""
    position = functional_group("PlanePositionSequence", groups, shared).ImagePositionPatient
    axes = functional_group("PlaneOrientationSequence", groups, shared).ImageOrientationPatient
    spacing = functional_group("PixelMeasuresSequence", groups, shared).PixelSpacing
    along_row, along_column = np.array([float(x) for x in axes]).reshape(2, 3)
    steps = np.stack([along_column * float(spacing[0]), along_row * float(spacing[1])])
    return (np.array([float(x) for x in position]) + pixels @ steps) * _TO_RAS


def _indices(world: NDArray[np.float64], ct: CTVolume) -> NDArray[np.intp]:
    """``[N, 3]`` the CT's voxels (slice, row, column) at these places.

    Slices lie where the series, or the positions of its slices, puts them, evenly or not.
    """
    origins = _slice_origins(ct)
    columns, rows = ct.affine[:3, 0], ct.affine[:3, 1]
    normal = np.cross(columns, rows)
    normal /= np.linalg.norm(normal)
    heights, wanted = origins @ normal, world @ normal
    order = np.argsort(heights)
    between = (heights[order][1:] + heights[order][:-1]) / 2
    slices = order[np.searchsorted(between, wanted)]
    across = np.linalg.pinv(np.column_stack([columns, rows]))
    in_plane = (world - origins[slices]) @ across.T
    whole = np.rint(in_plane)
    off_plane = np.abs(heights[slices] - wanted).max() / ct.grid.slice_distance
    indices = np.column_stack([slices, whole[:, ::-1].astype(np.intp)])
    if max(np.abs(in_plane - whole).max(), off_plane) > _OFF or not _within(indices, ct):
        raise GridMismatchError(
            "Expected a segmentation on the voxels of the CT, found one that lies elsewhere.",
            "Give the CT it was drawn on.",
        )
    return indices


def _slice_origins(ct: CTVolume) -> NDArray[np.float64]:
    """``[D, 3]`` centre of each slice's first voxel, RAS mm."""
    if isinstance(ct.header, DicomSource):
        return ct.header.origins
    steps = np.arange(ct.voxels.shape[0], dtype=np.float64)
    if ct.slice_positions_mm is not None:
        steps = np.asarray(ct.slice_positions_mm) / ct.grid.slice_distance
    return ct.affine[:3, 3] + steps[:, np.newaxis] * ct.affine[:3, 2]


def _within(indices: NDArray[np.intp], ct: CTVolume) -> bool:
    return bool(((indices >= 0) & (indices < ct.voxels.shape)).all())
