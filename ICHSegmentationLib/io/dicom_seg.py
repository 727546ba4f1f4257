"""A mask as a DICOM Segmentation (PS3.3, A.51), which a PACS keeps beside the scan it refers to."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from .. import __version__
from ..labels import CATEGORY, HEMORRHAGE, TYPE, Code, Label
from .atomic import atomic_path
from .dicom_mending import names_of_one_part
from .dicom_seg_source import DicomSource, read_source
from .origin import DRAWN, Origin

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription
    from highdicom.sr import CodedConcept

_NAME = "ICHSegmentation"
_SERIES_NUMBER = 9700  # out of the way of the numbers that scanners give


def write_seg(voxels: NDArray[np.uint8], source: DicomSource, path: Path, origin: Origin = DRAWN) -> None:
    """Write a mask as a binary DICOM SEG with a segment for each label in it; see :func:`seg_bytes`.

    Raises:
        NotWritableError, DiskFullError, OutputError: see :func:`.atomic.output_errors`.
    """
    content = seg_bytes(voxels, source, origin)
    with atomic_path(Path(path)) as temporary:
        temporary.write_bytes(content)


def seg_bytes(voxels: NDArray[np.uint8], source: DicomSource, origin: Origin = DRAWN) -> bytes:
    """A mask as the bytes of a DICOM SEG.

    Every slice of the series is referred to; only slices with hemorrhage have a frame. An empty mask is one
    empty segment "Hemorrhage". The same mask on the same series by the same model gets the same UIDs, so that
    sending it twice leaves one object in an archive.

    Args:
        voxels: label values ``[D, H, W]``, slices in the order of ``source``.
        source: the slices of the series; their files must still be there.
        origin: who outlined the mask.

    Raises:
        UnknownLabelError: a value that no label has.
        NotAnImageError, InputError: a slice's file has gone or is damaged.
        ImportError: highdicom is not installed.
    """
    import highdicom
    from highdicom.seg import Segmentation

    from .masks import labels_in

    labels = labels_in(voxels) or [HEMORRHAGE]
    headers, planes = read_source(source)
    frames = int(headers[0].get("NumberOfFrames") or 1) if len(headers) == 1 else len(headers)
    numbers = np.zeros(256, dtype=np.uint8)
    for number, label in enumerate(labels, 1):
        numbers[label.value] = number
    segments = np.zeros((frames, *voxels.shape[1:]), dtype=np.uint8)
    segments[planes] = numbers[voxels]
    uids = _uids(voxels, headers, origin)
    with names_of_one_part():
        seg = Segmentation(
            source_images=headers,
            pixel_array=segments,
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_described(label, n, origin) for n, label in enumerate(labels, 1)],
            series_instance_uid=next(uids),
            sop_instance_uid=next(uids),
            series_number=_SERIES_NUMBER,
            instance_number=1,
            manufacturer=_NAME,
            manufacturer_model_name=origin.model_id or _NAME,
            software_versions=__version__,
            device_serial_number=__version__,
            content_label="HEMORRHAGE",
            content_description="Intracranial hemorrhage. Research use only.",
            series_description="Intracranial hemorrhage (research use only)",
            omit_empty_frames=bool(voxels.any()),
        )
    stream = BytesIO()
    seg.save_as(stream)
    return stream.getvalue()


def _described(label: Label, number: int, origin: Origin) -> "SegmentDescription":
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription

    kinds = SegmentAlgorithmTypeValues
    algorithm = None
    if origin.model_id:
        kind = kinds.SEMIAUTOMATIC if origin.by_person else kinds.AUTOMATIC
        algorithm = AlgorithmIdentificationSequence(
            name=origin.model_id,
            version=origin.model_version,
            family=codes.cid7162.ArtificialIntelligence,
            source=_NAME,
        )
    else:
        kind = kinds.MANUAL
    return SegmentDescription(
        segment_number=number,
        segment_label=label.name,
        segmented_property_category=_coded(CATEGORY),
        segmented_property_type=_coded(TYPE),
        anatomic_regions=[_coded(label.region)],
        algorithm_type=kind,
        algorithm_identification=algorithm,
        display_color=CIELabColor.from_rgb(*label.colour),
    )


def _coded(code: Code) -> "CodedConcept":
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)


def _uids(voxels: NDArray[np.uint8], headers: list[Dataset], origin: Origin) -> Iterator[str]:
    """A UID for the series and one for its only object, made from what they are about."""
    facts = [__version__, repr(origin), *(str(header.SOPInstanceUID) for header in headers)]
    facts.append(hashlib.sha256(np.ascontiguousarray(voxels).tobytes()).hexdigest())
    for what in ("series", "object"):
        yield generate_uid(entropy_srcs=[what, *facts])
