"""Grow a lesion from one voxel: the hyperdense blood around a click, and nothing that merely touches it.

What keeps it from leaking:

- bone and the voxels beside it, whose density is a mixture of bone and brain, never belong;
- the border lies half-way between the density at the click and that of brain, as a reader sees an edge;
- passages and sheets thinner than 4 mm (falx, tentorium, vessels) are cut off a lesion thicker than that.
  Blood that is itself so thin, as in a sulcus, is followed over a short distance only. Density alone cannot
  tell such blood from a vessel or the tentorium: :attr:`.piece.Piece.goes_on` says where it was left out;
- where the region still runs on for 75 mm or holds more than 150 mL, the border is raised until it does not,
  as far as the noise of the blood allows;
- what then still runs on is followed through the whole head where nothing of its density is connected with it
  by a passage: a long subdural hematoma, not the grey matter of dense brain.

The lengths are this project's own choice; densities are those of acute blood (40 to 90 HU) and of brain (grey
matter 38, white matter 31 HU).
"""

from dataclasses import replace
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import InputError
from ..preparation.even_slices import EvenSlices
from ..volume import CTVolume, Volume
from .piece import Index, Piece, box_of, require_inside, trimmed
from .surroundings import Surroundings, around

LOWEST_HU, HIGHEST_HU = 40.0, 90.0
BRAIN_HU = 34.0
CLICK_MM = 1.5  # the blood's own density is taken from this far around the click
NECK_MM = 2.0  # half the width of a passage through which the region does not spread
THIN_MM = 20.0  # how far blood thinner than a passage is followed
NEAR_MM, FAR_MM, HEAD_MM = 25.0, 75.0, 200.0  # half the box that is looked at: the next if the region leaves
LARGEST_ML = 150.0
LEFT_OUT = 1.25  # times the region: from here on, what thin parts hold is worth a word
RAISE_HU = 4.0
HIGHEST_BORDER = 2 / 3  # of the way up to the density at the click: above, noise leaves but crumbs of blood

Mask = NDArray[np.bool_]


def grow_lesion(scan: CTVolume, seed: Index, marked: NDArray[Any] | None = None) -> Piece:
    """The hyperdense blood that is connected with the voxel ``seed``; where slices lie unevenly, by their own
    distances.

    Args:
        scan: a head CT in HU.
        seed: slice, row and column of the click.
        marked: ``[D, H, W]``, above 0 where a lesion is marked already; the region stays out of it.

    Raises:
        InputError: the click lies outside the scan, on a marked lesion, on bone or beside it, on what is not
            as dense as acute blood, or no border keeps the region within bounds.
    """
    require_inside(scan.voxels, seed)
    even = EvenSlices.of(scan)
    if even.ct is not scan:
        laid = None if marked is None else marked[even.shown]
        return grow_lesion(even.ct, even.voxel(seed), laid).back(even)
    taken = np.zeros(scan.voxels.shape, dtype=bool) if marked is None else marked > 0
    if taken[seed]:
        raise InputError(
            "A lesion is already marked at this place.", "Click on hemorrhage without an outline."
        )
    near = around(scan, seed, NEAR_MM, taken)
    blood_hu = _density_at_click(near, seed, float(scan.voxels[seed]))
    border = max(LOWEST_HU, (blood_hu + BRAIN_HU) / 2)
    found = (
        _region(near, border, scan)
        or _region_far(around(scan, seed, FAR_MM, taken), border, blood_hu, scan)
        or _region_in_head(around(scan, seed, HEAD_MM, taken), border, scan)
    )
    if found is None:
        raise InputError(
            "The hemorrhage at this place has no clear border against what surrounds it.",
            "Outline it by hand: paint with the intensity range of 40 to 90 HU as a mask.",
        )
    return found


def _region_far(far: Surroundings, border: float, blood_hu: float, scan: Volume) -> Piece | None:
    """The region above the lowest border, from this one upward, that keeps it within bounds."""
    for hu in np.arange(border, border + HIGHEST_BORDER * (blood_hu - border), RAISE_HU):
        found = _region(far, float(hu), scan)
        if found is not None:
            return found
    return None


def _region_in_head(head: Surroundings, border: float, scan: Volume) -> Piece | None:
    """The region wherever it leads; None where more of its density leads on from it: that may be a leak."""
    found = _region(head, border, scan)
    return None if found is None or found.goes_on else found


def _density_at_click(near: Surroundings, seed: Index, clicked_hu: float) -> float:
    """Median HU of the hyperdense voxels around the click.

    Raises:
        InputError: the clicked voxel is no blood by its density.
    """
    place = tuple(i - part.start for i, part in zip(seed, near.box, strict=True))
    if not near.usable[place]:
        raise InputError(
            f"Expected hemorrhage ({LOWEST_HU:.0f} to {HIGHEST_HU:.0f} HU) at this place, found bone or its "
            f"border ({clicked_hu:.0f} HU).",
            "Click inside the bright blood.",
        )
    smooth = float(near.hu[place])
    if not LOWEST_HU <= smooth <= HIGHEST_HU:
        raise InputError(
            f"Expected hemorrhage ({LOWEST_HU:.0f} to {HIGHEST_HU:.0f} HU) at this place, found "
            f"{smooth:.0f} HU.",
            "Click inside the bright blood, or paint the lesion by hand.",
        )
    sides = [max(1, round(CLICK_MM / mm * step)) for mm, step in zip(near.block_mm, near.steps, strict=True)]
    window = tuple(slice(max(0, i - n), i + n + 1) for i, n in zip(place, sides, strict=True))
    values = near.hu[window][near.usable[window]]
    return float(np.median(values[(values >= LOWEST_HU) & (values <= HIGHEST_HU)]))


def _region(here: Surroundings, border: float, scan: Volume) -> Piece | None:
    """The region above this border; None where it leaves the box, is too large, or misses the click."""
    dense = (here.blocks >= border) & (here.blocks <= HIGHEST_HU)
    joined = _connected(dense, here.seed)
    rough = _connected(_without_thin_parts(joined, here), here.seed)
    if not rough.any():
        rough = _connected(_close_to_click(dense, here), here.seed)
    block_ml = float(np.prod(here.steps)) * scan.grid.voxel_volume_mm3 / 1000
    too_large = np.count_nonzero(rough) * block_ml > LARGEST_ML
    if not rough.any() or too_large or here.leaves(rough, scan.voxels.shape):
        return None
    found = _outlined(rough, here, border)
    goes_on = int(np.count_nonzero(joined)) > LEFT_OUT * int(np.count_nonzero(rough))
    return replace(found, goes_on=goes_on) if found is not None else None


def _without_thin_parts(inside: Mask, here: Surroundings) -> Mask:
    """The parts of ``inside`` at least two ``NECK_MM`` thick, each with its rim."""
    result = np.zeros_like(inside)
    if not inside.any():
        return result
    box = box_of(inside)
    padded = np.pad(inside[box], 1)
    core = ndimage.distance_transform_edt(padded, sampling=here.block_mm) > NECK_MM
    if not core.any():
        return result
    # The rim of thick slices reaches one slice up and down, or the lesion would lose its caps.
    steps = [min(mm, NECK_MM + 0.5) for mm in here.block_mm]
    rim = ndimage.distance_transform_edt(~core, sampling=steps) <= NECK_MM + 1.0
    result[box] = (rim & padded)[1:-1, 1:-1, 1:-1]
    return result


def _close_to_click(dense: Mask, here: Surroundings) -> Mask:
    offsets = [
        (np.arange(n) - i) * mm for n, i, mm in zip(dense.shape, here.seed, here.block_mm, strict=True)
    ]
    s, r, c = np.meshgrid(*offsets, indexing="ij", sparse=True)
    return dense & (s**2 + r**2 + c**2 <= THIN_MM**2)


def _outlined(rough: Mask, here: Surroundings, border: float) -> Piece | None:
    """The region at full resolution: the dense voxels in its blocks and in their neighbours."""
    tight = box_of(rough)
    wide = [slice(max(0, part.start - 1), part.stop + 1) for part in tight]
    sides = [3 if step > 1 else 1 for step in here.steps]
    blocks = ndimage.maximum_filter(rough[tuple(wide)].view(np.uint8), size=sides)
    for axis, step in enumerate(here.steps):
        blocks = np.repeat(blocks, step, axis=axis)
    fine = tuple(
        slice(part.start * step, part.stop * step) for part, step in zip(wide, here.steps, strict=True)
    )
    hu = here.hu[fine]
    inside = blocks.view(np.bool_)[tuple(map(slice, hu.shape))] & (hu >= border) & (hu <= HIGHEST_HU)
    if not inside.any():
        return None
    numbered = cc3d.connected_components(inside.view(np.uint8), connectivity=6)
    largest = numbered == np.bincount(numbered.ravel())[1:].argmax() + 1
    start = [part.start + cut.start for part, cut in zip(here.box, fine, strict=True)]
    first, second, third = (slice(at, at + n) for at, n in zip(start, largest.shape, strict=True))
    return trimmed((first, second, third), largest)


def _connected(inside: Mask, seed: Index) -> Mask:
    """The parts of ``inside``, joined by their faces, that hold the seed or one of its neighbours."""
    numbered = cc3d.connected_components(inside.view(np.uint8), connectivity=6)
    beside = numbered[tuple(slice(max(0, i - 1), i + 2) for i in seed)]
    chosen = np.unique(beside[beside > 0])
    return np.isin(numbered, chosen) if chosen.size else np.zeros_like(inside)
