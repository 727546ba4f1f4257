"""Measurements as a DICOM structured report (PS3.16, TID 1500), which a PACS keeps beside the scan."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from .. import __version__
from ..volume import CTVolume
from .atomic import atomic_path
from .dicom_mending import UTF_8, is_utf_8, names_of_one_part
from .dicom_seg_source import read_source, source_of
from .dicom_slices import reading
from .origin import DRAWN, Origin

if TYPE_CHECKING:
    from highdicom.sr import AlgorithmIdentification, MeasurementReport, ObservationContext

    from .dicom_sr_groups import Groups

_NAME = "ICHSegmentation"
_SERIES_NUMBER = 9701  # beside the DICOM SEG's
_DEVICE = generate_uid(entropy_srcs=[_NAME, __version__])
_PLAIN = str.maketrans({"\u2013": "-", "\u00b0": " degrees", "\u00b2": "2"})
"""What our sentences hold beside ASCII."""


def write_sr(
    measured: Mapping[str, Any], seg: Path, ct: CTVolume, path: Path, origin: Origin = DRAWN
) -> None:
    """Write measurements as a Comprehensive SR; see :func:`sr_bytes`.

    Raises:
        NotWritableError, DiskFullError, OutputError: see :func:`.atomic.output_errors`.
    """
    content = sr_bytes(measured, seg, ct, origin)
    with atomic_path(Path(path)) as temporary:
        temporary.write_bytes(content)


def sr_bytes(measured: Mapping[str, Any], seg: Path, ct: CTVolume, origin: Origin = DRAWN) -> bytes:
    """Measurements as the bytes of a Comprehensive SR with a TID 1500 measurement report.

    Its groups are: all hemorrhage (TID 1501); each segment of the SEG; each lesion (both TID 1411), with its
    volume and, where the Tada formula is meant for it, the estimate and the lengths A (long axis), B (short
    axis) and C (depth). Comments hold the research-use statement and the warnings. The document is complete
    but not verified. The same measurements of the same SEG get the same UIDs.

    Args:
        measured: the content of ``measurements.json``; needed are ``total_volume_ml``, ``tada_total_ml``,
            ``lesions``, ``slice_axis``, ``research_use_only`` and ``warnings``.
        seg: the DICOM SEG of the same mask, written by :func:`.dicom_seg.write_seg`.
        ct: the scan that the mask was drawn on, read from DICOM; its files must still be there.
        origin: who outlined the mask.

    Raises:
        InputError: the scan was not read from DICOM.
        NotAnImageError, InputError: the SEG's or a slice's file has gone or is damaged.
        ImportError: highdicom is not installed.
    """
    from highdicom.sr import ComprehensiveSR

    from .dicom_sr_groups import Groups

    with reading(seg):
        segmentation = pydicom.dcmread(seg, stop_before_pixels=True)
    source = source_of(ct)
    headers, _ = read_source(source)
    groups = Groups(measured, segmentation, source.slices[0].series_uid, _algorithm(origin))
    uids = _uids(measured, str(segmentation.SOPInstanceUID))
    in_utf_8 = is_utf_8(headers[0])
    comments = [measured["research_use_only"], *measured["warnings"]]
    if not in_utf_8:
        comments = [comment.translate(_PLAIN) for comment in comments]
    with names_of_one_part():
        document = ComprehensiveSR(
            evidence=[*headers, segmentation],
            content=_report(groups, origin, comments),
            series_instance_uid=next(uids),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=next(uids),
            instance_number=1,
            manufacturer=_NAME,
            manufacturer_model_name=origin.model_id or _NAME,
            software_versions=__version__,
            device_serial_number=__version__,
            series_description="Measurements of hemorrhage (research use only)",
            is_complete=True,
        )
        if in_utf_8:
            document.SpecificCharacterSet = UTF_8
    stream = BytesIO()
    document.save_as(stream)
    return stream.getvalue()


def _report(groups: "Groups", origin: Origin, comments: Iterable[str]) -> "MeasurementReport":
    from highdicom.sr import MeasurementReport, RelationshipTypeValues, TextContentItem

    report = MeasurementReport(
        observation_context=_observer(origin),
        procedure_reported=codes.SCT.ComputedTomographyOfHead,
        imaging_measurements=[groups.whole(), *groups.segments(), *groups.lesions()],
    )
    for comment in comments:
        item = TextContentItem(codes.DCM.Comment, comment, RelationshipTypeValues.CONTAINS)
        report[0].ContentSequence.append(item)
    return report


def _observer(origin: Origin) -> "ObservationContext":
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext

    device = DeviceObserverIdentifyingAttributes(
        uid=_DEVICE, name=_NAME, model_name=origin.model_id or None, serial_number=__version__
    )
    return ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device))


def _algorithm(origin: Origin) -> "AlgorithmIdentification | None":
    from highdicom.sr import AlgorithmIdentification

    if not origin.model_id:
        return None
    corrected = ["outline corrected by a person"] if origin.by_person else None
    return AlgorithmIdentification(origin.model_id, origin.model_version, corrected)


def _uids(measured: Mapping[str, Any], seg_uid: str) -> Iterator[str]:
    """A UID for the series and one for its only object, made from what they are about."""
    told = {key: measured[key] for key in ("total_volume_ml", "tada_total_ml", "lesions", "warnings")}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    for what in ("report series", "report"):
        yield generate_uid(entropy_srcs=[what, __version__, seg_uid, digest])
