"""Hemorrhages of the subtypes that the data lacks, painted into real scans."""

import logging
from collections.abc import Iterable, Iterator

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.phantom.anatomy import anatomy_of
from ICHSegmentationLib.phantom.lesions import Anatomy, LesionField, lesion, paint

from .scan import Scan

_log = logging.getLogger(__name__)

# Extra-axial and subarachnoid blood is what no mask of the data shows, so it is painted most.
_SUBTYPES = {
    "epidural": 0.25,
    "subdural": 0.25,
    "subarachnoid": 0.2,
    "intraparenchymal": 0.18,
    "intraventricular": 0.12,
}
_LESIONS = {1: 0.55, 2: 0.3, 3: 0.15}


# Volumes (mL) of the small ones, log-uniform: contusions, a little blood in a few sulci, thin rims.
_SMALL_ML = 0.15, 3.0


def bleeding_copy(scan: Scan, name: str, seed: int, small: bool = False) -> Scan:
    """``scan`` with one to three painted hemorrhages; the same name and seed give the same copy.

    Their volumes are those that patients have or, where ``small``, what is easily overlooked.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    brain = soft_tissue(scan)
    anatomy = anatomy_of(scan.hu, brain, scan.spacing)
    count = rng.choice(list(_LESIONS), p=list(_LESIONS.values()))
    subtypes = rng.choice(list(_SUBTYPES), size=count, replace=False, p=list(_SUBTYPES.values()))
    fields = list(_lesions(subtypes, anatomy, rng, small))
    # Bone keeps its place: only soft tissue is painted over.
    painted = np.where(scan.hu < 150, paint(scan.hu, fields), scan.hu)
    target = scan.target.copy()
    for field in fields:
        target[field.mask] = 1
    return Scan(
        name,
        "small" if small else "synthetic",
        painted.round().astype(np.int16),
        target,
        scan.brain,
        scan.spacing,
    )


def _lesions(
    subtypes: Iterable[str], anatomy: Anatomy, rng: np.random.Generator, small: bool
) -> Iterator[LesionField]:
    """A hemorrhage of each subtype for which this head has room."""
    for subtype in subtypes:
        volume_ml = float(np.exp(rng.uniform(*np.log(_SMALL_ML)))) if small else None
        try:
            yield lesion(str(subtype), anatomy, rng, volume_ml)
        except InputError as error:
            _log.info("%s", error)


def soft_tissue(scan: Scan) -> NDArray[np.bool_]:
    """The brain and its coverings, without the bone, orbits and sinuses at the region's edge."""
    pixels = 0.8 / np.array(scan.spacing[1:])
    smooth = ndimage.gaussian_filter(scan.hu.clip(-100, 300).astype(np.float32), (0, *pixels))
    soft = scan.brain & (smooth > -15) & (smooth < 110)
    disc = np.hypot(*np.ogrid[-6:7, -6:7]) <= 3.0 / scan.spacing[1]
    core = cc3d.largest_k(ndimage.binary_erosion(soft, disc[None]), k=1) > 0
    return soft & ndimage.binary_dilation(core, disc[None], iterations=2)
