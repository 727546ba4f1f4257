"""Lesions of known subtype, as the library sees them: their numbers, painted into heads without
hemorrhage."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import SUBARACHNOID, SUBTYPES
from ICHSegmentationLib.phantom import lesion, paint
from ICHSegmentationLib.preparation.intracranial import bounding_box
from ICHSegmentationLib.subtypes.head_spaces import HeadSpaces
from ICHSegmentationLib.subtypes.lesion_cubes import LesionCubes, Lesions
from ICHSegmentationLib.subtypes.part_features import FEATURES, cube_features, part_features
from ICHSegmentationLib.subtypes.working_grid import WorkingHead
from ICHSegmentationLib.volume import CTVolume, Volume

from .heads import Head

SMALLEST_ML = 0.1
DEEPEST_CISTERN_MM = 32.0  # below the inner table, of a head of standard size
LEAST_SHARE = 0.05  # of a lesion, that a part of another subtype must hold
_SMALL_ML = 0.2, 4.0  # log-uniform: what is easily overlooked, contusions, thin rims

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """One part of a lesion, all of one subtype, with what is true of it.

    Attributes:
        head: the name of its head: lesions of one head are fitted on, or held out, together.
        subtype: value of its label.
        volume_ml: of the whole lesion.
        mixed: whether the lesion has parts of another subtype.
        features: ``[20]`` see :func:`part_features`.
        cubes: ``[n, 5]`` see :func:`cube_features`.
    """

    head: str
    subtype: int
    volume_ml: float
    mixed: bool
    features: NDArray[np.float64]
    cubes: NDArray[np.float32]

    @property
    def is_misplaced(self) -> bool:
        """Whether it was painted as subarachnoid where only ventricles are: in one that was not
        recognised."""
        depth = self.features[FEATURES.index("mean_depth")]
        return self.subtype == SUBARACHNOID.value and bool(depth > DEEPEST_CISTERN_MM)


def painted_lesions(head: Head, seed: int) -> Iterator[Sample]:
    """Two hemorrhages of each subtype, one as patients have it and a small one, and one that broke into the
    ventricles; each in a copy of the head of its own."""
    rng = np.random.default_rng([seed, *head.name.encode()])
    for label in SUBTYPES:
        for small in (False, True):
            volume_ml = float(np.exp(rng.uniform(*np.log(_SMALL_ML)))) if small else None
            yield from _samples(head, [(label.id, volume_ml)], rng)
    both: list[tuple[str, float | None]] = [
        ("intraparenchymal", float(rng.uniform(8, 45))),
        ("intraventricular", float(rng.uniform(2, 25))),
    ]
    yield from _samples(head, both, rng)


def _samples(
    head: Head, wanted: list[tuple[str, float | None]], rng: np.random.Generator
) -> Iterator[Sample]:
    fields = []
    for subtype, volume_ml in wanted:
        try:
            fields.append(lesion(subtype, head.anatomy, rng, volume_ml))
        except InputError as error:
            _log.info("%s: %s", head.name, error)
            return
    ct = CTVolume(
        np.where(head.ct.voxels < 150, paint(head.ct.voxels, fields), head.ct.voxels), head.ct.affine
    )
    truth = np.zeros(ct.voxels.shape, np.uint8)
    for field in fields:
        truth[field.mask & (truth == 0)] = field.label.value
    mask = _as_a_model_outlines(truth, ct.grid.spacing, rng)
    # Painted blood moves no bone: the inside of the skull is that of the head without.
    yield from samples_of(
        head.name, replace(head.working, hu=head.working.grid.hu_of(ct)), Volume(mask, ct.affine)
    )


def samples_of(name: str, working: WorkingHead, mask: Volume) -> Iterator[Sample]:
    """The lesions of a mask whose values are those of ``labels``, where touching subtypes are one lesion."""
    spaces = HeadSpaces.of(working)
    lesions = Lesions.of(mask, working.grid)
    known = working.grid.order.apply(mask.voxels)[lesions.box]
    blood = lesions.blood()
    for found in lesions.at_least(SMALLEST_ML):
        values = np.where(lesions.numbers[found.box] == found.number, known[found.box], 0)
        cubes = np.argwhere(found.part)
        told = _nearest_values(values, found, lesions, cubes + found.first)
        kinds = [int(kind) for kind in np.unique(told) if (told == kind).mean() > LEAST_SHARE]
        for kind in kinds:
            part = np.zeros_like(found.part)
            part[tuple(cubes[told == kind].T)] = True
            features = part_features(part, found.first, blood, spaces)
            near = cube_features(np.argwhere(part) + found.first, spaces)
            yield Sample(name, kind, found.volume_ml, len(kinds) > 1, features, near)


def _nearest_values(
    values: NDArray[np.uint8], found: LesionCubes, lesions: Lesions, cubes: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """The value at the lesion's voxel nearest to each cube."""
    voxels = np.argwhere(values > 0)
    start = np.array([a.start + b.start for a, b in zip(found.box, lesions.box, strict=True)])
    _, nearest = cKDTree(lesions.grid.places_of(voxels + start)).query(cubes)
    return values[tuple(voxels[nearest].T)]


def _as_a_model_outlines(
    truth: NDArray[np.uint8], spacing: tuple[float, ...], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The true mask, or every other time one as a network outlines it: rounded, a little too tight or
    wide."""
    if rng.random() < 0.5:
        return truth
    sigma = rng.uniform(0.4, 1.2)
    threshold = rng.uniform(0.35, 0.6)
    box = bounding_box(truth > 0, 4.0, spacing)  # type: ignore[arg-type]
    inner = truth[box]
    near = ndimage.gaussian_filter(
        (inner > 0).astype(np.float32), (0.15, sigma / spacing[1], sigma / spacing[2])
    )
    nearest = ndimage.distance_transform_edt(inner == 0, spacing, return_distances=False, return_indices=True)
    mask = np.zeros_like(truth)
    mask[box] = np.where(near > threshold, inner[tuple(nearest)], 0)
    return mask


def stored(samples: list[Sample]) -> dict[str, NDArray]:
    """Samples as arrays, for one .npz file."""
    return {
        "subtype": np.array([s.subtype for s in samples]),
        "volume_ml": np.array([s.volume_ml for s in samples]),
        "mixed": np.array([s.mixed for s in samples]),
        "features": np.array([s.features for s in samples]),
        "counts": np.array([len(s.cubes) for s in samples]),
        "cubes": np.concatenate([s.cubes for s in samples]),
    }


def read_samples(path: Path, head: str) -> list[Sample]:
    """What :func:`stored` put into the file of ``head``."""
    with np.load(path) as held:
        ends = np.cumsum(held["counts"])
        parts = np.split(held["cubes"], ends[:-1])
        rows = zip(held["subtype"], held["volume_ml"], held["mixed"], held["features"], parts, strict=True)
        return [Sample(head, int(a), float(b), bool(c), d, e) for a, b, c, d, e in rows]
