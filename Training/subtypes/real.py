"""Real lesions of which readers told the subtype, and what the library tells of them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.preparation.intracranial import intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.subtypes import tell_subtypes
from ICHSegmentationLib.subtypes.classifier import Parameters
from ICHSegmentationLib.volume import CTVolume, Volume

from ..default_model.cases import Case, read_cases
from ..default_model.traced import trace

_log = logging.getLogger(__name__)
_BY_ABBREVIATION = {label.abbreviation: label.id for label in SUBTYPES}


@dataclass(frozen=True)
class RealPart:
    """One part of a lesion of a real scan.

    Attributes:
        readers: ids of the subtypes that readers saw somewhere on the scan.
        told: the likeliest subtype, however sure.
    """

    case: str
    readers: tuple[str, ...]
    told: str
    confidence: float
    volume_ml: float

    @property
    def agrees(self) -> bool:
        """Whether readers saw this subtype somewhere on the scan: all that is known where nobody outlined
        it."""
        return self.told in self.readers


def silver_parts(data: Path, split: str, parameters: Parameters) -> Iterator[RealPart]:
    """Deep hematomas, outlined by silver masks."""
    for case in read_cases(data):
        if case.split == split and case.mask is not None:
            ct = read_ct(case.image)
            yield from _parts(case, ct, read_mask(case.mask, ct), parameters)


def traced_parts(data: Path, split: str, parameters: Parameters) -> Iterator[RealPart]:
    """Traumatic hemorrhages, of what the training of the default model traced."""
    for case in read_cases(data):
        if case.split == split and case.mask is None and case.hemorrhage:
            ct = read_ct(case.image)
            yield from _parts(case, ct, _traced(case, ct), parameters)


def outlined_parts(data: Path, split: str, masks: Path, parameters: Parameters) -> Iterator[RealPart]:
    """Traumatic hemorrhages, as a model outlined them: ``masks/NUMBER/segmentation.nii.gz``."""
    for case in read_cases(data):
        if case.split == split and case.mask is None and case.hemorrhage:
            ct = read_ct(case.image)
            found = read_mask(masks / Path(case.name).name / "segmentation.nii.gz", ct)
            yield from _parts(
                case, ct, replace(found, voxels=(found.voxels > 0).astype(np.uint8)), parameters
            )


def _parts(case: Case, ct: CTVolume, mask: Volume, parameters: Parameters) -> Iterator[RealPart]:
    told = tell_subtypes(ct, mask, parameters=replace(parameters, least_confidence=0.0))
    readers = tuple(_BY_ABBREVIATION[name] for name in case.subtypes)
    for warning in told.warnings:
        _log.info("%s: %s", case.name, warning)
    for parts in told.parts.values():
        for part in parts:
            yield RealPart(case.name, readers, part.label.id, part.confidence, part.volume_ml)


def _traced(case: Case, ct: CTVolume) -> Volume:
    order = Reorientation.of(ct.grid)
    hu, spacing = order.apply(ct.voxels), order.grid.spacing
    target = trace(case, hu, intracranial_region(hu, spacing).mask, spacing)
    return Volume(np.ascontiguousarray(order.undo((target == 1).astype(np.uint8))), ct.affine)
