"""Scans of a data set as a detector's images, computed once and kept, with what readers saw on each."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.labels import label_named
from ICHSegmentationLib.preparation.detector_slices import MEAN, STD, detector_slices

from ..datasets import SUBTYPE_IDS, Case, read_case
from ..datasets.case import SliceLabel

_log = logging.getLogger(__name__)
UNKNOWN = -1
_VERSION = 1  # of what is kept; another one makes kept files worthless


@dataclass(frozen=True)
class SliceScan:
    """A scan as a detector sees it.

    Attributes:
        file: where its images lie.
        flags: ``[S, 6]`` 0, 1 or -1 (unknown): any, then the subtypes in the order of ``SUBTYPE_IDS``.
    """

    case: Case
    file: Path
    flags: NDArray[np.int8]

    @property
    def windows(self) -> NDArray[np.uint8]:
        """``[S, 3, size, size]``, each window's 0..1 as 0..255: read where indexed, open only meanwhile."""
        found: NDArray[np.uint8] = np.load(self.file, mmap_mode="r")
        return found


@dataclass(frozen=True)
class SliceStore:
    """A folder with the images of each case, a byte a pixel and window: about 7 MB a scan of 35 slices."""

    folder: Path
    size: int

    def scan(self, case: Case) -> SliceScan:
        """The case's images, computed where nobody did yet.

        Raises:
            InputError: or one of its kinds, see :func:`Training.datasets.read_case`.
        """
        place = self.folder / hashlib.sha256(f"{_VERSION} {self.size} {case!r}".encode()).hexdigest()[:24]
        images, flags = place.with_suffix(".npy"), place.with_suffix(".flags.npy")
        if not (images.exists() and flags.exists()):
            self.folder.mkdir(parents=True, exist_ok=True)
            windows, seen = _images(case, self.size)
            for path, array in ((images, windows), (flags, seen)):
                with atomic_path(path) as temporary, temporary.open("wb") as stream:
                    np.save(stream, array)
        return SliceScan(case, images, np.load(flags))

    def scans(self, cases: Sequence[Case]) -> list[SliceScan]:
        """All of these that show anything.

        Raises:
            InputError: there is none.
        """
        found = []
        for number, case in enumerate(cases, 1):
            found.append(self.scan(case))
            if number % 100 == 0:
                _log.info("Prepared %d of %d scans", number, len(cases))
        found = [scan for scan in found if len(scan.flags)]
        if not found:
            raise InputError("Expected scans to learn from, found none.")
        return found


class LabelledSlices(Dataset[tuple[Tensor, Tensor]]):
    """Every image of which anything is known, with its flags ``[6]``."""

    def __init__(self, scans: Sequence[SliceScan]) -> None:
        self._scans = scans
        self._places = [
            (number, int(index))
            for number, scan in enumerate(scans)
            for index in np.flatnonzero((scan.flags != UNKNOWN).any(axis=1))
        ]
        if not self._places:
            raise InputError(
                "Expected slices of which readers told, found none.",
                "Take a data set with labels of slices, or with masks.",
            )

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        number, index = self._places[place]
        scan = self._scans[number]
        return torch.from_numpy(np.array(scan.windows[index])), torch.from_numpy(scan.flags[index])


def normalised(windows: Tensor) -> Tensor:
    """Windows ``[..., 3, H, W]`` of 0..1 as the network sees them (section III.B.2)."""
    mean, std = (windows.new_tensor(values)[:, None, None] for values in (MEAN, STD))
    return (windows - mean) / std


def shares(windows: Tensor) -> Tensor:
    """Stored windows (uint8) as 0..1."""
    return windows.float() / 255


def _images(case: Case, size: int) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    ct, mask = read_case(case)
    slices = detector_slices(ct, size)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (MEAN, STD))
    windows = np.rint((slices.images * std + mean).clip(0, 1) * 255).astype(np.uint8)
    of_slices = flags_of(case, None if mask is None else mask.voxels, len(ct.voxels))
    flags = np.full((len(windows), 1 + len(SUBTYPE_IDS)), 0, np.int8)
    for image in range(len(windows)):
        joined = of_slices[slices.image_of_slice == image]
        flags[image] = np.where((joined == 1).any(0), 1, np.where((joined == UNKNOWN).any(0), UNKNOWN, 0))
    return windows, flags


def flags_of(case: Case, mask: NDArray[Any] | None, count: int) -> NDArray[np.int8]:
    """``[D, 6]`` of a scan's slices: from the readers' labels, else from a mask ``[D, H, W]``, else from the
    whole scan's labels, which tell only what is on no slice.

    A scan's hemorrhage of unknown subtype leaves the subtypes unknown.
    """
    if case.slice_labels is not None:
        return np.stack([_flags(label, case.scan_labels) for label in case.slice_labels])
    flags = np.full((count, 1 + len(SUBTYPE_IDS)), UNKNOWN, np.int8)
    if mask is not None:
        flags[:, 0] = mask.any(axis=(1, 2))
        there = [(mask == label_named(name).value).any(axis=(1, 2)) for name in SUBTYPE_IDS]
        unnamed = (mask == label_named("hemorrhage").value).any(axis=(1, 2))
        flags[:, 1:] = np.where(np.stack(there, 1), 1, np.where(unnamed[:, None], UNKNOWN, 0))
    elif case.scan_labels is not None and not case.disputed:
        absent = ~np.array(case.scan_labels.flags)
        told = not case.scan_labels.any or bool(case.scan_labels.subtypes)
        flags[:, absent & (told | (np.arange(len(absent)) == 0))] = 0
    return flags


def _flags(label: SliceLabel, scan: SliceLabel | None) -> NDArray[np.int8]:
    """Of a slice with hemorrhage of unknown subtype: those that the scan has may be there."""
    flags = np.array(label.flags, np.int8)
    if label.any and not label.subtypes:
        possible = np.ones(len(SUBTYPE_IDS), bool)
        if scan is not None and scan.subtypes:
            possible = np.array(scan.flags[1:])
        flags[1:][possible] = UNKNOWN
    return flags
