"""From a mask that only knows hemorrhage to one that tells its subtypes, and how sure each of them is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..labels import HEMORRHAGE, INTRAVENTRICULAR, Label, label_named
from ..volume import CTVolume, Volume
from .classifier import Parameters, fitted
from .detector import SliceChances, weighed
from .head_spaces import HeadSpaces
from .lesion_cubes import LesionCubes, Lesions
from .part_features import part_features
from .parts import Part, parts_of
from .working_grid import Mask, WorkingHead

SMALLEST_ML = 0.1
"""Specks below this volume have no shape to speak of; they stay hemorrhage of no subtype."""

TOO_LITTLE_SEEN = (
    "Too little of the skull is seen on this scan to tell subtypes of hemorrhage by their place in the head."
)


@dataclass(frozen=True)
class ToldSubtype:
    """What is told of one part of a connected hemorrhage.

    Attributes:
        label: the subtype, or hemorrhage where none is sure enough.
        confidence: probability (0 to 1) of the likeliest subtype.
        volume_ml: of the part.
    """

    label: Label
    confidence: float
    volume_ml: float


@dataclass(frozen=True)
class Subtypes:
    """The subtypes of all hemorrhage in a scan.

    Attributes:
        mask: the mask, hemorrhage of no subtype replaced by subtypes where they are told; no voxel more,
            none less.
        told_by: ``anatomy``, or ``anatomy and detector``.
        warnings: what a user should know, one sentence each.
        lesions: the connected hemorrhages of label 1 in the mask as it was; None where they were not looked
            at.
        parts: by the number of a lesion what is told of its parts, each label once; without the specks.
    """

    mask: Volume
    told_by: str
    warnings: tuple[str, ...] = ()
    lesions: Lesions | None = None
    parts: Mapping[int, Sequence[ToldSubtype]] = field(default_factory=dict)

    def body_at(self, voxel: Sequence[int]) -> int:
        """The number of the connected hemorrhage (of label 1 in the mask as it was) at a voxel of the array;
        0 where there is none."""
        return self.lesions.number_at(voxel) if self.lesions else 0

    def confidence(self, label: Label, voxel: Sequence[int]) -> float | None:
        """The confidence of what was told at this voxel, whose label this is; None where nothing was told."""
        parts = self.parts.get(self.body_at(voxel), ())
        return next((part.confidence for part in parts if part.label == label), None)


def tell_subtypes(
    ct: CTVolume,
    mask: Volume,
    detector: SliceChances | None = None,
    parameters: Parameters | None = None,
) -> Subtypes:
    """Tell the subtype of every lesion of label 1 from its shape and place, and the detector's word where
    given.

    A lesion of which a part lies in the ventricles becomes two labels. Lesions that already have a subtype
    stay.

    Args:
        ct: the scan.
        mask: label values on its grid.
        detector: by label id the probability of that subtype on each slice of the mask, in the order of its
            array along the axis nearest to inferior-superior.
        parameters: None takes the fitted ones.
    """
    by = "anatomy" if detector is None else "anatomy and detector"
    untold = Volume(mask.voxels == HEMORRHAGE.value, mask.affine)
    if not untold.voxels.any():
        return Subtypes(mask, by)
    head = WorkingHead.of(ct)
    if head.partial:
        return Subtypes(mask, by, (TOO_LITTLE_SEEN,))
    spaces = HeadSpaces.of(head)
    lesions = Lesions.of(untold, head.grid)
    teller = _Teller(lesions, spaces, lesions.blood(), parameters or fitted(), detector)
    values = np.array(mask.voxels)
    canonical = head.grid.order.apply(values)[lesions.box]
    told = {}
    for lesion in lesions.at_least(SMALLEST_ML):
        told[lesion.number] = teller.relabel(lesion, canonical)
    return Subtypes(Volume(values, mask.affine, mask.header), by, (), lesions, told)


@dataclass(frozen=True)
class _Teller:
    lesions: Lesions
    spaces: HeadSpaces
    blood: Mask
    parameters: Parameters
    detector: SliceChances | None

    def relabel(self, lesion: LesionCubes, canonical: NDArray[Any]) -> list[ToldSubtype]:
        """Write the labels of one lesion into the box of all hemorrhage, and tell its parts."""
        whole, parts = parts_of(lesion, self.spaces, self.parameters)
        told = [(part, *self._told(lesion, part)) for part in parts]
        labels = {label for _, label, _ in told}
        if INTRAVENTRICULAR not in labels or len(labels) == 1:
            # A cut is worth it only where it sets ventricular blood apart, surely.
            told = [(whole, *self._told(lesion, whole))]
        values = self._nearest(lesion, [(part, label) for part, label, _ in told])
        canonical[lesion.box][self.lesions.numbers[lesion.box] == lesion.number] = values
        counts = np.bincount(values, minlength=8)
        return [
            ToldSubtype(label, confidence, float(counts[label.value] * self.lesions.voxel_ml))
            for _, label, confidence in told
        ]

    def _told(self, lesion: LesionCubes, part: Part) -> tuple[Label, float]:
        """The label of a part, and the probability of its likeliest subtype."""
        model = self.parameters.subtypes
        numbers = [*part_features(part.cubes, lesion.first, self.blood, self.spaces), part.ventricular]
        chances = model.chances(np.array([numbers]))[0]
        if self.detector is not None:
            chances = weighed(chances, model.classes, self.detector, self.lesions.areas_by_slice(lesion))
        likeliest = int(chances.argmax())
        confidence = float(chances[likeliest])
        sure = confidence >= self.parameters.least_confidence
        return label_named(model.classes[likeliest]) if sure else HEMORRHAGE, confidence

    def _nearest(self, lesion: LesionCubes, told: list[tuple[Part, Label]]) -> NDArray[np.uint8]:
        """The label of each voxel of the lesion: that of the part whose cube is nearest."""
        labels = np.zeros(lesion.part.shape, dtype=np.uint8)
        for part, label in told:
            labels[part.cubes] = label.value
        nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        cubes = self.lesions.cubes_in(lesion)
        found: NDArray[np.uint8] = labels[tuple(nearest)][tuple(cubes.T)]
        return found
