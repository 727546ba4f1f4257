"""Hemorrhages of known subtype painted into the pictures of a head."""

import logging

import numpy as np

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import SUBARACHNOID
from ICHSegmentationLib.phantom import anatomy_of, lesion, paint, typical_volume_ml
from ICHSegmentationLib.preparation.brain_slices import CODES_PER_HU, MIDDLE, OUTSIDE, PIXEL_MM, SLAB_MM

from ...datasets.case import SUBTYPE_IDS
from .scan import UNKNOWN, LightScan, flags_of

_log = logging.getLogger(__name__)

_BRAIN_HU = 32.0
_LESIONS = {1: 0.6, 2: 0.3, 3: 0.1}
_SMALL_SHARE = 0.5  # of the hemorrhages that are small: mL, log-uniform
_SMALL_ML = 0.5, 5.0
_SPARSE = SUBARACHNOID.id  # of which a slab shows little: painted twice as often as the others


def random_subtypes(count: int, rng: np.random.Generator) -> list[str]:
    """Different subtypes to paint."""
    weights = np.array([2.0 if name == _SPARSE else 1.0 for name in SUBTYPE_IDS])
    return [str(name) for name in rng.choice(SUBTYPE_IDS, count, replace=False, p=weights / weights.sum())]


def random_volume_ml(subtype: str, rng: np.random.Generator) -> float:
    """Half of the hemorrhages are small, the others as patients have them."""
    if rng.random() < _SMALL_SHARE:
        return float(np.exp(rng.uniform(*np.log(_SMALL_ML))))
    return typical_volume_ml(subtype, rng)


def painted_copy(scan: LightScan, name: str, seed: int) -> LightScan:
    """``scan`` with one to three painted hemorrhages beside those it has.

    The same name and seed give the same copy.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    brain = scan.codes != OUTSIDE
    hu = (scan.codes.astype(np.float32) - MIDDLE) / CODES_PER_HU + _BRAIN_HU
    anatomy = anatomy_of(np.where(brain, hu, -1000), brain, (SLAB_MM, PIXEL_MM, PIXEL_MM))
    added = np.zeros(scan.codes.shape, np.uint8)
    fields = []
    count = rng.choice(list(_LESIONS), p=list(_LESIONS.values()))
    for subtype in random_subtypes(int(count), rng):
        try:
            field = lesion(subtype, anatomy, rng, random_volume_ml(subtype, rng))
        except InputError as error:
            _log.info("%s", error)
            continue
        fields.append(field)
        added[(field.edge > 0.1) & (added == 0)] = UNKNOWN
        added[field.mask] = field.label.value
    painted = np.rint(MIDDLE + CODES_PER_HU * (paint(hu, fields) - _BRAIN_HU))
    codes = np.where(brain, np.clip(painted, 1, 255), OUTSIDE).astype(np.uint8)
    target = np.where(added > 0, added, scan.target)
    there = flags_of(added)
    flags = np.where(there == 0, scan.flags, there)
    return LightScan(name, scan.source, "painted", codes, target, flags)
