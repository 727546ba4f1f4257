"""A painted head as a DICOM study, and the segmenter that knows what was painted."""

import os
import time
from pathlib import Path

import numpy as np
from dicom_maker import Series, slice_dataset
from fakes import FakeSegmenter, bleeding, head

from ICHSegmentationLib import models
from ICHSegmentationLib.settings import SegmentationSettings

SHAPE = (12, 50, 45)
DISTANCE_MM, PIXEL_MM = 10.0, 4.0
PATIENT = "Secretname"  # a name with one part, of which libraries warn


def study() -> list:
    """The slices of the head and a scout, as pydicom's datasets."""
    stored = (head(SHAPE).astype(np.int32) + 1024).astype(np.uint16)
    positions = np.arange(SHAPE[0])[:, None] * np.array([0.0, 0.0, DISTANCE_MM])
    extra = {"PatientName": PATIENT, "PatientID": "secretid", "StudyID": "1", "StudyDate": "20200102"}
    extra |= {"StudyTime": "030405", "PatientBirthDate": "", "PatientSex": "O", "AccessionNumber": "A1"}
    extra |= {"ReferringPhysicianName": ""}
    series = Series(stored, positions, pixel_spacing=(PIXEL_MM, PIXEL_MM), extra=extra)
    scout = Series(stored[:1], positions[:1], study=series.study, extra=extra)
    scout.image_type = ("ORIGINAL", "PRIMARY", "LOCALIZER")
    slices = [slice_dataset(series, index) for index in range(len(stored))]
    return [*slices, slice_dataset(scout, 0)]


def painted_ml() -> float:
    """Volume of the painted bleeding, by its voxels."""
    return int(bleeding(head(SHAPE)).sum()) * DISTANCE_MM * PIXEL_MM * PIXEL_MM / 1000


def load_threshold(settings: SegmentationSettings) -> FakeSegmenter:
    """What the worker loads; files beside the model make it wait (``hold``) or end its process (``fall``)."""
    model = models.find(settings.model)
    beside = model.path.parent

    def wait() -> None:
        (beside / "began").write_text(str(os.getpid()))
        while (beside / "hold").exists():
            time.sleep(0.02)
        if (beside / "fall").exists():
            raise SystemExit(3)

    return FakeSegmenter(model, wait)


def touch(model: Path, name: str) -> Path:
    path = model.parent / name
    path.touch()
    return path
