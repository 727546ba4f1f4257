"""Segments as 3D Slicer names them in a ``.seg.nrrd``, to our labels and back.

Keys: https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html
"""

import logging
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GridMismatchError, NotAnImageError, UnknownLabelError
from ..labels import CATEGORY, HEMORRHAGE, LABELS, TYPE, Code, Label
from ..volume import CTVolume, Grid, Volume

_log = logging.getLogger(__name__)

_TYPES = "Segmentation category and type - DICOM master list"
_REGIONS = "Anatomic codes - DICOM master list"
_TISSUE = "85756007"  # SNOMED CT, the type that Slicer gives to a segment nobody has typed
_UNNAMED = re.compile(r"^(segment|mask|label|roi)?[ _-]*\d*$")


@dataclass(frozen=True)
class Segment:
    """One segment of a file: voxels equal to ``value`` in layer ``layer``."""

    name: str
    value: int
    layer: int
    tags: str


def segments_metadata(voxels: NDArray[np.uint8], present: list[Label]) -> dict[str, str]:
    """Slicer's description of a mask ``[D, H, W]``: a segment for each label that is ``present``.

    Of an empty mask it is one empty segment "Hemorrhage", so that there is something to draw into.
    """
    metadata = {}
    for number, label in enumerate(present or [HEMORRHAGE]):
        for key, value in _segment_metadata(label, _extent(voxels == label.value)).items():
            metadata[f"Segment{number}_{key}"] = value
    return metadata | {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        # The second name is the one newer versions of Slicer use for the first.
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_SourceRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }


def labels_of_segments(values: NDArray[np.generic], metadata: dict[str, str]) -> NDArray[np.uint8]:
    """Our label values ``[D, H, W]`` for the segments of a Slicer file.

    Where segments overlap, the last wins.

    A segment gets the label whose name, id or abbreviation it bears, else the label its terminology says.
    One that only carries a default name ("Segment_1"), or that is the only one in the file, is hemorrhage
    without a subtype, unless its terminology says that it is something else.

    Args:
        values: ``[D, H, W]`` or ``[D, H, W, layers]``.

    Raises:
        UnknownLabelError: a segment is none of these.
    """
    layers = values[..., np.newaxis] if values.ndim == 3 else values
    segments = _segments(metadata, layers.shape[3])
    voxels = np.zeros(layers.shape[:3], dtype=np.uint8)
    for segment in segments:
        label = label_of_segment(segment, only=len(segments) == 1)
        voxels[layers[..., segment.layer] == segment.value] = label.value
    return voxels


def placed_on(scan: CTVolume, mask: Volume) -> Volume:
    """A mask whose box of voxels Slicer cut to its segments, or widened, on the scan's whole grid.

    Only whole voxels are moved: a mask whose voxels do not coincide with the scan's comes back as it is. One
    with nothing in it, which Slicer writes as a single voxel at no particular place, lies on any scan. One of
    unevenly spaced slices, which Slicer writes as evenly spaced ones, lies on the same slices of the scan.

    Raises:
        GridMismatchError: a part of the hemorrhage lies beyond the scan.
    """
    voxels = np.zeros(scan.voxels.shape, dtype=np.uint8)
    if mask.voxels.size == 1 and not mask.voxels.any():
        return Volume(voxels, scan.affine)
    nearest = min(_affines(scan), key=lambda affine: np.linalg.norm((affine - mask.affine)[:3, 2]))
    first = np.rint(np.linalg.solve(nearest, mask.affine[:, 3])[:3])  # column, row, slice
    affine = np.array(nearest)
    affine[:3, 3] += affine[:3, :3] @ first
    if not Grid(mask.grid.shape, affine).same_as(mask.grid):
        return mask
    labelled = np.argwhere(mask.voxels)
    places = labelled + first[::-1].astype(int)
    if not ((places >= 0) & (places < scan.voxels.shape)).all():
        raise GridMismatchError(
            "Expected a segmentation within the CT, found hemorrhage beyond its edge.",
            "Give the CT it was drawn on, or remove what lies beyond it.",
        )
    if nearest is not scan.affine:
        _log.warning(
            "The segmentation has evenly spaced slices, as Slicer saves those that lie unevenly: they are "
            "taken for the CT's own. If it was drawn on a copy whose transform was hardened, give that copy."
        )
    voxels[tuple(places.T)] = mask.voxels[tuple(labelled.T)]
    return Volume(voxels, scan.affine)


def _affines(scan: CTVolume) -> list[NDArray[np.float64]]:
    """The scan's own affine; of unevenly spaced slices also Slicer's, with their mean distance."""
    positions = scan.slice_positions_mm
    if positions is None:
        return [scan.affine]
    mean = np.array(scan.affine)
    mean[:3, 2] *= positions[-1] / (len(positions) - 1) / scan.grid.slice_distance
    return [scan.affine, mean]


def _segment_metadata(label: Label, extent: str) -> dict[str, str]:
    return {
        "ID": label.id,
        "Name": label.name,
        "NameAutoGenerated": "0",
        "Color": " ".join(f"{channel / 255:.6f}" for channel in label.colour),
        "ColorAutoGenerated": "0",
        "Extent": extent,
        "LabelValue": str(label.value),
        "Layer": "0",
        "Tags": f"TerminologyEntry:{terminology_entry(label)}|",
    }


def terminology_entry(label: Label, regions: str = _REGIONS) -> str:
    """Slicer's one-line form of a label's category, type and region.

    Args:
        regions: name of the list of regions that the region is looked up in.
    """
    return f"{_TYPES}~{_code(CATEGORY)}~{_code(TYPE)}~^^~{regions}~{_code(label.region)}~^^"


def label_of_segment(segment: Segment, only: bool) -> Label:
    """The label of one segment, as :func:`labels_of_segments` says; ``only``: it is the only one.

    Raises:
        UnknownLabelError: its name or terminology says something else.
    """
    return label_meant(segment.name, *_terminology(segment.tags), only)


def label_meant(name: str, kind: str, region: str, only: bool) -> Label:
    """The label of a segment with this name, and these SNOMED CT codes of its type and its region.

    Raises:
        UnknownLabelError: its name or its codes say something else.
    """
    lower = name.lower()
    for label in LABELS:
        if lower in (label.name.lower(), label.id, label.abbreviation.lower()):
            return label
    if kind == TYPE.value:
        return next((label for label in LABELS if label.region.value == region), HEMORRHAGE)
    if (only or _UNNAMED.match(lower)) and kind in ("", _TISSUE):
        _log.warning("The segment '%s' is taken as hemorrhage without a subtype.", name)
        return HEMORRHAGE
    known = ", ".join(label.name for label in LABELS)
    raise UnknownLabelError(
        f"Expected segments of hemorrhage, found one named '{name}'.",
        f"Rename it to one of: {known}; or remove it.",
    )


def _code(code: Code) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}"


def _extent(inside: NDArray[np.bool_]) -> str:
    """First and last column, row and slice; Slicer's empty extent where there is nothing."""
    if not inside.any():
        return "0 -1 0 -1 0 -1"
    ends = []
    for axis in (2, 1, 0):
        other = tuple(a for a in range(3) if a != axis)
        where = np.flatnonzero(inside.any(axis=other))
        ends += [int(where[0]), int(where[-1])]
    return " ".join(str(end) for end in ends)


def _segments(metadata: dict[str, str], layers: int) -> list[Segment]:
    try:
        segments = _parsed(metadata, layers)
        if not all(0 <= segment.layer < layers for segment in segments):
            raise ValueError(f"a segment in a layer beyond the {layers} there are")
        if not all(segment.value for segment in segments):
            raise ValueError("a segment with the value 0, which is that of the background")
        return segments
    except ValueError as error:
        raise NotAnImageError(
            f"Expected the description of a segmentation, found a damaged one ({error}).", "Save it again."
        ) from error


def _parsed(metadata: dict[str, str], layers: int) -> list[Segment]:
    """The segments as written; before Slicer 4.11 each had a layer of its own, and the value 1."""
    numbers = sorted(int(found[1]) for key in metadata if (found := re.match(r"Segment(\d+)_ID$", key)))
    return [
        Segment(
            name=metadata.get(f"Segment{n}_Name", metadata[f"Segment{n}_ID"]).strip(),
            value=int(metadata.get(f"Segment{n}_LabelValue", 1)),
            layer=int(metadata.get(f"Segment{n}_Layer", n if layers > 1 else 0)),
            tags=metadata.get(f"Segment{n}_Tags", ""),
        )
        for n in numbers
    ]


def _terminology(tags: str) -> tuple[str, str]:
    """Code values of the type and of the region in a segment's tags, empty where not said."""
    found = re.search(r"TerminologyEntry:([^|]*)", tags)
    parts = found[1].split("~") if found else []
    codes = [part.split("^")[1] if part.count("^") >= 2 else "" for part in parts]
    return (codes[2] if len(codes) > 2 else ""), (codes[5] if len(codes) > 5 else "")
