"""From the data folder to what the light detector learns from: small pictures, one file a scan."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.labels import EPIDURAL, HEMORRHAGE, INTRAPARENCHYMAL, SUBDURAL, label_named
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.preparation.brain_slices import (
    CODES_PER_HU,
    MIDDLE,
    BrainSlices,
    brain_slices,
    resized_to_grid,
)
from ICHSegmentationLib.preparation.intracranial import intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import CTVolume

from ...datasets.case import SUBTYPE_IDS
from ...datasets.tables import label_id
from ...default_model.cases import Case
from ...default_model.traced import trace
from .painting import painted_copy, random_subtypes, random_volume_ml
from .scan import FEWEST_PIXELS, UNKNOWN, UNSEEN, LightScan, flags_of

_log = logging.getLogger(__name__)

_BRIGHT_HU = 18.0  # above the brain's own density
_FIRST_PHANTOM = 3000  # seeds below are left to demos, tests and the other models
PHANTOM_SHAPE, PHANTOM_SPACING = (30, 200, 180), (5.0, 1.0, 1.0)


def prepare_case(case: Case, folder: Path, copies: Mapping[str, int]) -> None:
    """Write the pictures of a scan and as many painted copies as its group has."""
    scan = real_scan(case)
    scan.save(folder)
    for number in range(copies.get(scan.group, 0)):
        painted_copy(scan, f"{case.name}_copy{number}", number).save(folder)
    _log.info("Prepared %s", case.name)


def prepare_unseen(case: Case, folder: Path) -> None:
    """Write the pictures of a scan with a mask that is not learned from."""
    replace(real_scan(case), group=UNSEEN).save(folder)
    _log.info("Prepared %s", case.name)


def prepare_phantom(number: int, folder: Path) -> None:
    """Write the pictures of a painted head, every third without hemorrhage."""
    seed = _FIRST_PHANTOM + number
    rng = np.random.default_rng(seed)
    subtype = None if number % 3 == 2 else random_subtypes(1, rng)[0]
    volume_ml = None if subtype is None else random_volume_ml(subtype, rng)
    phantom = make_phantom(seed, subtype, volume_ml, shape=PHANTOM_SHAPE, spacing=PHANTOM_SPACING)
    slices, order, _ = pictures(phantom.ct)
    target = on_grid(order.apply(phantom.mask.voxels), slices)
    LightScan(f"phantom_{number}", "", "phantom", slices.codes, target, flags_of(target)).save(folder)


def pictures(ct: CTVolume) -> tuple[BrainSlices, Reorientation, NDArray[np.bool_]]:
    """The pictures of a scan, its way into canonical order, and its intracranial region in that order."""
    order = Reorientation.of(ct.grid)
    hu, spacing = order.apply(ct.voxels), order.grid.spacing
    region = intracranial_region(hu, spacing).mask
    return brain_slices(hu, region, spacing), order, region


def real_scan(case: Case) -> LightScan:
    """A scan of the data folder with all that is known of it."""
    ct = read_ct(case.image)
    slices, order, region = pictures(ct)
    hu, spacing = order.apply(ct.voxels), order.grid.spacing
    if case.mask is not None:
        drawn = order.apply(read_mask(case.mask).voxels) > 0
        target = on_grid(drawn * np.uint8(INTRAPARENCHYMAL.value), slices)
        target[(target == 0) & _perhaps_blood(slices)] = UNKNOWN
        return LightScan(case.name, case.name, "hematoma", slices.codes, target, _hematoma_flags(target))
    if not case.hemorrhage:
        target = np.zeros(slices.codes.shape, np.uint8)
        return LightScan(case.name, case.name, "clean", slices.codes, target, flags_of(target))
    target = on_grid(_traced(case, hu, region, spacing), slices)
    return LightScan(case.name, case.name, "bleeding", slices.codes, target, _named_flags(case, slices))


def on_grid(labels: NDArray[Any], slices: BrainSlices) -> NDArray[np.uint8]:
    """Label values ``[D, H, W]`` of a scan on the grid of its pictures; what is partly unknown is unknown."""
    target = np.zeros(slices.codes.shape, np.uint8)
    for index, plane in enumerate(target):
        part = labels[index * slices.slab : (index + 1) * slices.slab]
        for value in np.unique(part[part > 0]):
            shares = [resized_to_grid(each == value, slices.box) for each in part]
            plane[np.mean(shares, axis=0) >= (0.02 if value == UNKNOWN else 0.5)] = value
    return target


def _perhaps_blood(slices: BrainSlices) -> NDArray[np.bool_]:
    """``[N, H, W]``: what is bright; a silver mask leaves ventricular blood and faint rims out."""
    excess_hu = (slices.codes.astype(np.float32) - MIDDLE) / CODES_PER_HU
    bright: NDArray[np.bool_] = ndimage.gaussian_filter(excess_hu, (0, 0.7, 0.7)) > _BRIGHT_HU
    return ndimage.binary_dilation(bright, np.ones((1, 3, 3), bool))


def _hematoma_flags(target: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of a silver mask, which may leave blood out: what it marks is there, what it does not mark is unknown,
    but for slabs without anything bright. Bleeding of its own accord and deep is neither EDH nor SDH."""
    flags = np.full((len(target), 1 + len(SUBTYPE_IDS)), UNKNOWN, np.uint8)
    flags[:, [1 + SUBTYPE_IDS.index(label.id) for label in (EPIDURAL, SUBDURAL)]] = 0
    marked = np.count_nonzero(target == INTRAPARENCHYMAL.value, axis=(1, 2)) >= FEWEST_PIXELS
    flags[marked, 0] = flags[marked, 1 + SUBTYPE_IDS.index(INTRAPARENCHYMAL.id)] = 1
    flags[~target.any(axis=(1, 2))] = 0
    return flags


def _named_flags(case: Case, slices: BrainSlices) -> NDArray[np.uint8]:
    """What readers said of each slice; of a scan with several subtypes only that some are on none."""
    there = {label_id(text) for text in case.subtypes}
    flags = np.zeros((len(slices.codes), 1 + len(SUBTYPE_IDS)), np.uint8)
    bleeding = np.unique(slices.slab_of_slice[list(case.bleeding_slices)])
    flags[bleeding, 0] = 1
    for place, name in enumerate(SUBTYPE_IDS, 1):
        if name in there:
            flags[bleeding, place] = 1 if len(there) == 1 else UNKNOWN
    return flags


def _traced(
    case: Case, hu: NDArray[Any], region: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Target of a scan whose bleeding slices are named: unknown on those on which nobody traced anything."""
    target = trace(case, hu, region, spacing)
    one = len(case.subtypes) == 1
    value = label_named(label_id(case.subtypes[0])).value if one else HEMORRHAGE.value
    for index in case.bleeding_slices:
        if not (target[index] == 1).any():
            target[index] = UNKNOWN
    target[target == 1] = value
    return target
