"""Two scans of one head laid over each other: turned and shifted, never stretched.

Mutual information is for scans of different kinds; between two CTs, whose numbers mean the same, correlation
says as much and costs less. Its value at the end also tells whether the two heads fit at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import InputError
from ..volume import CTVolume
from .head_image import SAMPLE_MM, HeadImage

LEAST_LIKENESS = 0.8
"""Moved real scans of one head came to 0.9 and more, the heads of two patients to 0.75 and less (see
``docs/measurement.md``)."""

LEAST_OVERLAP = 0.5
"""With less of the head on both scans, nothing tells a good fit from a chance one."""

_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TURNS = np.radians([-20.0, 0.0, 20.0])
_STARTS = 3
_SAMPLES = 2000
_LEAST_SAMPLES = 6
_SEED = 1  # the same scans give the same result

# What parts of a registration take of its time, measured on two phantoms of 512 x 512 x 32 voxels.
_HEAD, _COARSE = 0.1, 0.2

Progress = Callable[[str, float], None]


def no_progress(stage: str, fraction: float) -> None:
    """Nobody listens."""


Pose = tuple[float, ...]
"""Three angles (radians) and three shifts (mm) about the middle of the fixed head, as ITK has them (LPS)."""


@dataclass(frozen=True)
class Registration:
    """How the second scan lies over the first.

    Attributes:
        second_to_first: ``[4, 4]`` rigid, takes places (RAS, mm) on the second scan to those on the first.
        likeness: correlation of both scans within the skull and in its bone, 0 to 1.
        overlap: share of that region of the first scan which the second covers.
        warnings: what a user should know of the two scans, one sentence each.
    """

    second_to_first: NDArray[np.float64]
    likeness: float
    overlap: float
    warnings: tuple[str, ...] = ()

    @property
    def first_to_second(self) -> NDArray[np.float64]:
        return np.linalg.inv(self.second_to_first).astype(np.float64)

    @property
    def trusted(self) -> bool:
        """Whether the two scans fit on each other as scans of one head do."""
        return self.likeness >= LEAST_LIKENESS and self.overlap >= LEAST_OVERLAP

    @property
    def rotation_degrees(self) -> float:
        cosine = (np.trace(self.second_to_first[:3, :3]) - 1) / 2
        return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def register(first: CTVolume, second: CTVolume, progress: Progress = no_progress) -> Registration:
    """Find the rigid transform between two head CTs: the best of many starts, refined at 6 and at 3 mm.

    Args:
        first, second: head CTs in HU, on any grids (oblique, flipped, tilted).
        progress: hears the stage, ``prepare`` or ``align``, and the fraction of it all that is done.

    Raises:
        InputError: a scan is too flat to be laid over another.
    """
    fixed, moving = _head(first, 0.0, progress), _head(second, _HEAD, progress)
    likeness = _Likeness(fixed, moving)
    starts = sorted(_starts(fixed, moving), key=likeness, reverse=True)[:_STARTS]
    pose = starts[0]
    if likeness(pose) > -1:
        coarse = []
        for number, start in enumerate(starts):
            progress("align", 2 * _HEAD + number * _COARSE)
            coarse.append(_refined(fixed, moving, start, 2, 0.5))
        progress("align", 2 * _HEAD + _STARTS * _COARSE)
        pose = _refined(fixed, moving, max(coarse, key=likeness), 1, 0.15)
    to_moving = _matrix(pose, fixed.centre_mm)
    second_to_first: NDArray[np.float64] = np.linalg.inv(_TO_RAS @ to_moving @ _TO_RAS).astype(np.float64)
    return Registration(
        second_to_first,
        max(0.0, likeness(pose)),
        likeness.overlap(pose),
        tuple(
            f"{which} scan: {warning}"
            for which, head in (("First", fixed), ("Second", moving))
            for warning in head.warnings
        ),
    )


def _head(ct: CTVolume, done: float, progress: Progress) -> HeadImage:
    progress("prepare", done)
    head = HeadImage.of(ct)
    _require_depth(head)
    return head


def _require_depth(head: HeadImage) -> None:
    if min(head.image.GetSize()) < _LEAST_SAMPLES:
        raise InputError(
            f"Expected a scan at least {_LEAST_SAMPLES * SAMPLE_MM:.0f} mm deep, found a flatter one.",
            "Choose the scan of the whole head.",
        )


def _starts(fixed: HeadImage, moving: HeadImage) -> Iterator[Pose]:
    """Middle on middle, top on top, and as the scanner says; each upright and turned in every way."""
    between = moving.centre_mm - fixed.centre_mm
    tops = np.array([between[0], between[1], moving.top_mm - fixed.top_mm])
    for shift in (between, tops, np.zeros(3)):
        for angles in product(_TURNS, repeat=3):
            yield (*map(float, angles), *map(float, shift))


class _Likeness:
    """How alike the heads are in a pose: the correlation at a few thousand places of the fixed head."""

    def __init__(self, fixed: HeadImage, moving: HeadImage) -> None:
        self._centre, self._moving = fixed.centre_mm, moving.image
        indices = np.argwhere(sitk.GetArrayViewFromImage(fixed.region))
        indices = indices[:: max(1, len(indices) // _SAMPLES)]
        self._values = sitk.GetArrayViewFromImage(fixed.image)[tuple(indices.T)]
        self._places = indices[:, ::-1] * np.array(fixed.image.GetSpacing()) + fixed.image.GetOrigin()

    def __call__(self, pose: Pose) -> float:
        """-1 to 1; -1 where hardly anything of the heads meets."""
        indices, inside = self._on_moving(pose)
        if inside.mean() < LEAST_OVERLAP / 2:
            return -1.0
        voxels = sitk.GetArrayViewFromImage(self._moving)
        there = ndimage.map_coordinates(voxels, indices[inside, ::-1].T, order=1)
        here = self._values[inside]
        if not (here.std() and there.std()):
            return -1.0
        return float(np.corrcoef(here, there)[0, 1])

    def overlap(self, pose: Pose) -> float:
        """Share of the fixed head's places that lie on the moving scan."""
        return float(self._on_moving(pose)[1].mean())

    def _on_moving(self, pose: Pose) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Indices (column, row, slice) ``[N, 3]`` of the places on the moving image, and which are on it."""
        matrix = _matrix(pose, self._centre)
        places = self._places @ matrix[:3, :3].T + matrix[:3, 3]
        indices = (places - self._moving.GetOrigin()) / self._moving.GetSpacing()
        return indices, ((indices >= 0) & (indices <= np.array(self._moving.GetSize()) - 1)).all(axis=1)


def _refined(fixed: HeadImage, moving: HeadImage, start: Pose, shrink: int, share: float) -> Pose:
    """``start`` improved by Powell's method on images ``shrink`` times coarser.

    Gradient descent ends half-way there on these images, Powell's method within 0.3° of the known pose.
    """
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetMetricFixedMask(fixed.region)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(share, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([shrink])
    method.SetSmoothingSigmasPerLevel([float(shrink - 1)])
    method.SetOptimizerAsPowell(
        numberOfIterations=20, stepLength=1.0, stepTolerance=1e-3, valueTolerance=1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    transform = _transform(start, fixed.centre_mm)
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed.image, moving.image)
    return tuple(transform.GetParameters())


def _transform(pose: Pose, centre_mm: NDArray[np.float64]) -> sitk.Euler3DTransform:
    transform = sitk.Euler3DTransform()
    transform.SetCenter(centre_mm.tolist())
    transform.SetParameters(pose)
    return transform


def _matrix(pose: Pose, centre_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[4, 4]`` of a pose (LPS): from places on the fixed head to those on the moving one."""
    transform = _transform(pose, centre_mm)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    matrix[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    return matrix
