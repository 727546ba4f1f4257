"""The measurement groups of a report: all hemorrhage, each segment of the DICOM SEG, each lesion."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from ..labels import CATEGORY, LABELS, TYPE, Label, label_named
from ..labels import Code as LabelCode

if TYPE_CHECKING:
    from highdicom.sr import (
        AlgorithmIdentification,
        FindingSite,
        Measurement,
        MeasurementsAndQualitativeEvaluations,
        ReferencedSegment,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

MILLILITRE = Code("mL", "UCUM", "mL")

# Methods of DICOM CID 7474; the second is pi/6 x length x width x height, which is the Tada formula.
BY_VOXELS = codes.DCM.SumOfSegmentedVoxelMethodForVolume
BY_AXES = codes.DCM.LWHMethodForVolumeOfEllipsoid

_AXES = (("a_mm", codes.SCT.LongAxis), ("b_mm", codes.SCT.ShortAxis), ("c_mm", codes.SCT.Depth))


class Groups:
    """Makes the groups for one DICOM SEG.

    Args:
        measured: the content of ``measurements.json``.
        seg: the DICOM SEG of the same mask.
        series_uid: the series that the mask was drawn on.
        algorithm: what outlined the mask; None where a person did.
    """

    def __init__(
        self,
        measured: Mapping[str, Any],
        seg: Dataset,
        series_uid: str,
        algorithm: "AlgorithmIdentification | None",
    ) -> None:
        self._measured = measured
        self._seg = seg
        self._series_uid = series_uid
        self._algorithm = algorithm
        by_name = {label.name: label for label in LABELS}
        self._segments = {by_name[str(s.SegmentLabel)]: int(s.SegmentNumber) for s in seg.SegmentSequence}

    def whole(self) -> "MeasurementsAndQualitativeEvaluations":
        """TID 1501: the volume of all hemorrhage, 0 mL where there is none, and the sum of the estimates."""
        from highdicom.sr import MeasurementsAndQualitativeEvaluations

        measurements = [_volume(self._measured["total_volume_ml"], BY_VOXELS)]
        if self._measured["tada_total_ml"] is not None:
            measurements.append(_volume(self._measured["tada_total_ml"], BY_AXES))
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking("All hemorrhage"),
            finding_category=_coded(CATEGORY),
            finding_type=_coded(TYPE),
            algorithm_id=self._algorithm,
            measurements=measurements,
        )

    def segments(self) -> "Iterator[VolumetricROIMeasurementsAndQualitativeEvaluations]":
        """TID 1411: the volume of each segment, whatever number of lesions it holds."""
        volumes: dict[str, float] = defaultdict(float)
        for lesion in self._measured["lesions"]:
            volumes[lesion["label"]] += lesion["volume_ml"]
        for label, number in self._segments.items():
            identifier = f"Segment {number}: {label.name}"
            yield self._region(label, identifier, [_volume(volumes[label.id], BY_VOXELS)])

    def lesions(self) -> "Iterator[VolumetricROIMeasurementsAndQualitativeEvaluations]":
        """TID 1411: each lesion, which is a part of its label's segment."""
        for lesion in self._measured["lesions"]:
            label = label_named(lesion["label"])
            measurements = [_volume(lesion["volume_ml"], BY_VOXELS), *_estimate(lesion["tada"])]
            yield self._region(label, f"Lesion {lesion['id']}: {label.name}", measurements)

    def _region(
        self,
        label: Label,
        identifier: str,
        measurements: "Sequence[Measurement]",
    ) -> "VolumetricROIMeasurementsAndQualitativeEvaluations":
        from highdicom.sr import VolumetricROIMeasurementsAndQualitativeEvaluations

        return VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(identifier),
            referenced_segment=self._segment(self._segments[label]),
            finding_category=_coded(CATEGORY),
            finding_type=_coded(TYPE),
            finding_sites=[_site(label)],
            algorithm_id=self._algorithm,
            measurements=measurements,
        )

    def _tracking(self, identifier: str) -> "TrackingIdentifier":
        """The same lesion of the same SEG has the same UID in each report on it."""
        from highdicom.sr import TrackingIdentifier

        uid = generate_uid(entropy_srcs=["tracking", str(self._seg.SOPInstanceUID), identifier])
        return TrackingIdentifier(uid=uid, identifier=identifier)

    def _segment(self, number: int) -> "ReferencedSegment":
        from highdicom.sr import ReferencedSegment, SourceSeriesForSegmentation

        return ReferencedSegment(
            sop_class_uid=self._seg.SOPClassUID,
            sop_instance_uid=self._seg.SOPInstanceUID,
            segment_number=number,
            source_series=SourceSeriesForSegmentation(self._series_uid),
        )


def _coded(code: LabelCode) -> Code:
    return Code(code.value, code.scheme, code.meaning)


def _site(label: Label) -> "FindingSite":
    from highdicom.sr import FindingSite

    return FindingSite(_coded(label.region))


def _volume(millilitres: float, method: Code) -> "Measurement":
    from highdicom.sr import Measurement

    return Measurement(name=codes.SCT.Volume, value=_decimal(millilitres), unit=MILLILITRE, method=method)


def _estimate(tada: Mapping[str, Any]) -> "Iterator[Measurement]":
    """The Tada volume with A, B and C, where it is meant."""
    from highdicom.sr import Measurement

    if tada["applicable"]:
        yield _volume(tada["volume_ml"], BY_AXES)
        for key, name in _AXES:
            yield Measurement(name=name, value=_decimal(tada[key]), unit=codes.UCUM.Millimeter)


def _decimal(value: float) -> float:
    """Six significant digits: a decimal string of DICOM holds 16 characters."""
    return float(f"{value:.6g}")
