"""Where the inside of the skull is: brain, CSF spaces and every extra-axial collection, without the bone.

The search runs on a coarse copy (about 2 mm in plane, slices of 2.5 mm or more). In each slice a disc that is
too wide for the gaps of the bone rolls round the head; what it cannot touch is enclosed. From the slice that
encloses most, the region is followed slice by slice up and down, so that a table, sinuses, most of the orbits
and the neck do not join; what joins through the skull's base is cut off again (:mod:`.skull_base`). Where
the vault is open along much of the skin (craniectomy), a wall beneath that stands in for it; at smaller
openings, the convex hull of the bone. Only the rim is seen in full resolution, where bone ends and blood
begins.

Lengths and thresholds are this project's own choice, set on the training scans of its two data sets.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from .coarse import Mask, Spacing, Steps, coarse_copy, upsampled
from .open_skull import open_skull_warning, wall_beneath_the_skin
from .skull_base import without_parts_beneath

BONE_HU = 220.0  # acute clot stays below 120 HU, cortical bone and diploe lie above 300
SOFT_HU = -60.0  # fat and air lie below
GAP_MM = 20.0  # width of the disc: sutures, fissures, fractures, burr holes do not let it in
NECK_MM = 3.5  # half the width of a passage through which the region does not spread
STEP_MM, STEP_SLOPE = 2.0, 0.8  # how far the rim may move outwards to the next slice: mm, and mm per mm
OPEN_SHARE = 0.6  # a slice that goes on with less of its neighbour's area has lost its enclosure ...
WIDE_SHARE = 0.45  # ... if that neighbour is no narrower than this share of the widest
HULL_REACH_MM = 25.0  # bone up to this distance from the region takes part in the hull
BULGE_MM = 8.0  # how far a brain may bulge out of an open skull
SHELL_MM = 8.0  # scalp and skull together, where no skull is seen
LARGEST_BUBBLE_MM2 = 150.0  # of air in a slice; sinuses are larger
LARGEST_AREA_MM2 = 30_000.0  # of a slice inside a skull; more is a trunk
SMALLEST_AREA_MM2 = 400.0

_IN_PLANE = np.zeros((3, 3, 3), dtype=bool)
_IN_PLANE[1] = ndimage.generate_binary_structure(2, 1)
_IN_PLANE_3X3 = np.ones((1, 3, 3), dtype=bool)


@dataclass(frozen=True)
class IntracranialRegion:
    """What was found inside the skull.

    Attributes:
        mask: ``[D, H, W]``, True inside the inner table of the skull.
        warnings: what a user should know, one sentence each.
    """

    mask: Mask
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CoarseHead:
    """A head on blocks of about 2 mm, on which the inside of its skull is searched for.

    Attributes:
        hu: ``[d, h, w]``, clipped to -300..400.
        steps: how many slices, rows and columns of the scan make a block.
        spacing: mm between blocks along slices, rows and columns.
        inside: ``[d, h, w]``, the inside of the skull; empty where no slice encloses anything.
    """

    hu: NDArray[np.float32]
    steps: Steps
    spacing: Spacing
    inside: Mask

    @classmethod
    def of(cls, hu: NDArray[Any], spacing: Spacing) -> "CoarseHead":
        """That of a scan as :func:`intracranial_region` takes it."""
        coarse, steps = coarse_copy(hu, spacing)
        size = (spacing[0] * steps[0], spacing[1] * steps[1], spacing[2] * steps[2])
        bone = coarse > BONE_HU
        soft = (coarse > SOFT_HU) & ~bone
        wall = wall_beneath_the_skin(bone, soft, size)
        return cls(coarse, steps, size, _inside_the_skull(bone | wall, soft & ~wall, size))

    def region(self, hu: NDArray[Any], spacing: Spacing) -> IntracranialRegion:
        """The region in the resolution of the scan that the blocks were made of."""
        return self._region(hu, spacing, self.steps)

    def own_region(self) -> IntracranialRegion:
        """The region on the blocks themselves."""
        return self._region(self.hu, self.spacing, (1, 1, 1))

    def _region(self, hu: NDArray[Any], spacing: Spacing, steps: Steps) -> IntracranialRegion:
        if not self.inside.any():
            return IntracranialRegion(
                upsampled(_head_without_shell(self.hu > SOFT_HU, self.spacing), steps, hu.shape),
                ("The skull was not found, so the whole head is searched for hemorrhage.",),
            )
        mask = upsampled(self.inside, steps, hu.shape)
        rim = (self.hu > BONE_HU) & ndimage.binary_dilation(self.inside, _IN_PLANE_3X3)
        with_rim = upsampled(self.inside | rim, steps, hu.shape)
        box = bounding_box(with_rim, 0.0, spacing)
        mask[box] |= with_rim[box] & (hu[box] < BONE_HU)
        return IntracranialRegion(mask, open_skull_warning(self.hu > BONE_HU, self.inside, self.spacing))


def intracranial_region(hu: NDArray[Any], spacing: Spacing) -> IntracranialRegion:
    """Everything inside the inner table of the skull, extra-axial spaces included.

    Where no skull encloses anything, the head without its outer 8 mm stands in, with a warning.

    Args:
        hu: ``[D, H, W]`` in HU and in canonical order (see :mod:`.orientation`).
        spacing: mm between slices, rows and columns.
    """
    return CoarseHead.of(hu, spacing).region(hu, spacing)


def bounding_box(mask: Mask, margin_mm: float, spacing: Spacing) -> tuple[slice, slice, slice]:
    """The smallest box ``[D, H, W]`` around ``mask``, widened by ``margin_mm`` within the array; the whole
    array where the mask is empty."""
    in_plane: Mask = np.any(mask, axis=0)
    box = []
    for axis, line in enumerate(
        (np.any(mask, axis=(1, 2)), np.any(in_plane, axis=1), np.any(in_plane, axis=0))
    ):
        found = np.flatnonzero(line)
        margin = int(np.ceil(margin_mm / spacing[axis] - 1e-3))  # 0.99999997 mm is 1 mm
        first, last = (found[0], found[-1]) if found.size else (0, line.size - 1)
        box.append(slice(max(0, int(first) - margin), min(line.size, int(last) + 1 + margin)))
    return box[0], box[1], box[2]


def _inside_the_skull(bone: Mask, soft: Mask, size: Spacing) -> Mask:
    """``[d, h, w]``: the inside of the skull on the coarse copy; empty where no slice encloses anything."""
    pad = int(np.ceil(GAP_MM / min(size[1:]))) + 1
    bone, soft = (np.pad(m, ((0, 0), (pad, pad), (pad, pad))) for m in (bone, soft))
    enclosed = _enclosed(bone, size)
    inner = enclosed & (soft | _small(enclosed & ~soft & ~bone, size))
    region = np.zeros_like(bone)
    start, region_there = _widest(inner, size)
    if region_there.any():
        region[start] = region_there
        for way in (range(start + 1, len(bone)), range(start - 1, -1, -1)):
            _follow(region, way, start, bone, soft, inner, size)
    filled = np.stack([ndimage.binary_fill_holes(plane) if plane.any() else plane for plane in region])
    return without_parts_beneath(filled[:, pad:-pad, pad:-pad], size)


def _follow(region: Mask, way: range, start: int, bone: Mask, soft: Mask, inner: Mask, size: Spacing) -> None:
    """Fill ``region`` along the slices of ``way``, each from the one before."""
    last, widest = region[start], int(region[start].sum())
    for k in way:
        found = _continued(last, inner[k], size)
        if found.sum() < OPEN_SHARE * last.sum() and last.sum() > WIDE_SHARE * widest:
            found |= _continued(last, _spanned(bone[k], last, size) & soft[k], size)
        if not found.any():
            return
        last = region[k] = found
        widest = max(widest, int(found.sum()))


def _enclosed(bone: Mask, size: Spacing) -> Mask:
    """What a disc of width ``GAP_MM`` that comes from outside and goes round bone cannot touch."""
    if not bone.any():
        return np.zeros_like(bone)
    centres, _ = ndimage.label(_distance(~bone, size) > GAP_MM / 2, _IN_PLANE)
    outside = np.isin(centres, centres[:, 0, 0])  # the corner of a padded slice lies outside the head
    return _distance(~outside, size) > GAP_MM / 2


def _small(air: Mask, size: Spacing) -> Mask:
    """The pieces of each slice that are bubbles, as in the blood after a fracture or an operation."""
    pieces, _ = ndimage.label(air, _IN_PLANE)
    area = np.bincount(pieces.ravel()) * size[1] * size[2]
    return (area <= LARGEST_BUBBLE_MM2)[pieces]


def _widest(inner: Mask, size: Spacing) -> tuple[int, Mask]:
    """The slice with the widest connected inside, and that inside ``[h, w]``."""
    pieces, count = ndimage.label(inner, _IN_PLANE)
    area = np.bincount(pieces.ravel(), minlength=count + 1) * size[1] * size[2]
    area[0] = 0
    area[(area > LARGEST_AREA_MM2) | (area < SMALLEST_AREA_MM2)] = 0
    piece = (pieces == area.argmax()) & (area.max() > 0)
    start = int(piece.any(axis=(1, 2)).argmax())
    return start, _continued(piece[start], piece[start], size) if area.max() > 0 else piece[start]


def _continued(last: Mask, inner: Mask, size: Spacing) -> Mask:
    """What of ``inner`` ``[h, w]`` goes on from ``last``, the region of the neighbouring slice."""
    inner = inner & _within(STEP_MM + STEP_SLOPE * size[0], last, size)
    wide = np.zeros_like(inner)
    if inner.any():
        box = _box_around(inner, (1, 1))
        wide[box] = ndimage.distance_transform_edt(inner[box], sampling=size[1:]) > NECK_MM
    pieces, count = ndimage.label(wide)
    whole = np.bincount(pieces.ravel(), minlength=count + 1)
    shared = np.bincount(pieces[last], minlength=count + 1) > whole / 2
    shared[0] = False
    return _regrown(shared[pieces], inner, size)


def _regrown(core: Mask, inner: Mask, size: Spacing) -> Mask:
    """The core and what of ``inner`` lies within reach of it."""
    return _within(NECK_MM + _reach(size), core, size) & inner if core.any() else core


def _spanned(bone: Mask, last: Mask, size: Spacing) -> Mask:
    """The convex hull of the bone around ``last``, and a little more for a brain that bulges out."""
    around = bone & _within(HULL_REACH_MM, last, size)
    return _within(BULGE_MM, convex_hull_image(around), size) if around.any() else around


def _head_without_shell(tissue: Mask, size: Spacing) -> Mask:
    """The largest connected body less its outer 8 mm, holes filled slice by slice."""
    pieces, count = ndimage.label(np.stack([ndimage.binary_fill_holes(plane) for plane in tissue]))
    if count == 0:
        return tissue
    head = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return _distance(np.pad(head, ((0, 0), (1, 1), (1, 1))), size)[:, 1:-1, 1:-1] > SHELL_MM


def _reach(size: Spacing) -> float:
    """A pixel and its diagonal neighbours, in mm."""
    return 1.6 * max(size[1:])


def _within(mm: float, mask: Mask, size: Spacing) -> Mask:
    """Pixels ``[h, w]`` at most ``mm`` away from ``mask``, which is not empty."""
    box = _box_around(mask, (int(mm / size[1]) + 1, int(mm / size[2]) + 1))
    near = np.zeros_like(mask)
    near[box] = ndimage.distance_transform_edt(~mask[box], sampling=size[1:]) <= mm
    return near


def _box_around(mask: Mask, margin: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns that hold ``mask`` ``[h, w]``, which is not empty, and a margin of pixels."""
    found = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (
        slice(max(0, int(line[0]) - by), int(line[-1]) + 1 + by)
        for line, by in zip(found, margin, strict=True)
    )
    return rows, columns


def _distance(mask: Mask, size: Spacing) -> NDArray[np.float64]:
    """Distance in mm from each True pixel ``[d, h, w]`` to the nearest False pixel of the same slice; far
    where the slice has none."""
    far = np.full(mask.shape, np.inf)
    for plane, distance in zip(mask, far, strict=True):
        if not plane.all():
            distance[:] = ndimage.distance_transform_edt(plane, sampling=size[1:])
    return far
