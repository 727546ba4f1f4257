"""Makes DICOM files as scanners write them, with pydicom alone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass
class Series:
    """A CT series to write; ``stored`` are the numbers in the file, HU = stored + intercept."""

    stored: np.ndarray
    positions: np.ndarray
    orientation: tuple = AXIAL
    pixel_spacing: tuple = (0.5, 0.45)
    intercept: float = -1024
    slope: float = 1
    modality: str = "CT"
    description: str = "Head 5.0 H31s"
    image_type: tuple = ("ORIGINAL", "PRIMARY", "AXIAL")
    uid: str = field(default_factory=generate_uid)
    study: str = field(default_factory=generate_uid)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def hu(self) -> np.ndarray:
        return self.stored.astype(np.int32) * self.slope + self.intercept


def head_series(
    slices=5, distance=5.0, orientation=AXIAL, slant=(0.0, 0.0, 0.0), seed=0, **settings
) -> Series:
    """A series whose slices stand ``distance`` mm apart along their normal, shifted by ``slant`` mm each."""
    stored = np.random.default_rng(seed).integers(0, 4096, (slices, 6, 7)).astype(np.uint16)
    normal = np.cross(orientation[:3], orientation[3:])
    start = np.array([-101.25, -120.5, 33.0])
    step = normal * distance + np.array(slant)
    positions = start + np.arange(slices)[:, np.newaxis] * step
    return Series(stored, positions, orientation, **settings)


def write_series(series: Series, folder: Path, names=None, change=lambda dataset, index: None) -> list[Path]:
    """One file a slice. ``change(dataset, index)`` may alter each before it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(len(series.stored)):
        dataset = slice_dataset(series, index)
        change(dataset, index)
        path = folder / (names[index] if names else f"IM{index:04d}.dcm")
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def slice_dataset(series: Series, index: int) -> Dataset:
    dataset = _common(series, CTImageStorage if series.modality == "CT" else MRImageStorage)
    dataset.ImageType = list(series.image_type)
    dataset.InstanceNumber = index + 1
    dataset.ImagePositionPatient = [round(float(x), 9) for x in series.positions[index]]
    dataset.ImageOrientationPatient = [round(float(x), 12) for x in series.orientation]
    dataset.PixelSpacing = list(series.pixel_spacing)
    dataset.SliceThickness = 5
    if series.modality == "CT":
        dataset.RescaleSlope, dataset.RescaleIntercept = series.slope, series.intercept
        dataset.RescaleType = "HU"
    for name, value in series.extra.items():
        setattr(dataset, name, value)
    _set_pixels(dataset, series.stored[index])
    return dataset


def enhanced_dataset(series: Series, order=None) -> Dataset:
    """One multi-frame CT; ``order`` is the order in which the slices become frames."""
    order = range(len(series.stored)) if order is None else order
    dataset = _common(series, EnhancedCTImageStorage)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    orientation, measures, rescale = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = list(series.orientation)
    measures.PixelSpacing, measures.SliceThickness = list(series.pixel_spacing), 5
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = series.slope, series.intercept, "HU"
    shared = Dataset()
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    shared.PixelValueTransformationSequence = [rescale]
    dataset.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for index in order:
        position, frame = Dataset(), Dataset()
        position.ImagePositionPatient = [float(x) for x in series.positions[index]]
        frame.PlanePositionSequence = [position]
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = frames
    dataset.NumberOfFrames = len(frames)
    _set_pixels(dataset, series.stored[list(order)])
    return dataset


def _common(series: Series, sop_class: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.PatientName = "phantom", "Phantom"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = series.study, series.uid
    dataset.FrameOfReferenceUID = series.study
    dataset.SeriesDescription, dataset.Modality = series.description, series.modality
    return dataset


def _set_pixels(dataset: Dataset, stored: np.ndarray) -> None:
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.SamplesPerPixel = 1
    if "PhotometricInterpretation" not in dataset:
        dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 16
    if "BitsStored" not in dataset:
        dataset.BitsStored = 16
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes()
