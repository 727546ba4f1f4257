"""A skull that is open, as after a craniectomy: what stands in for the missing bone, and when it is told.

Lengths are this project's own choice. The region of none of the 112 scans at hand changes by them; with 80 to
130 mm of bone taken away at one side of every ninth, it holds 94 to 100 % of what it held with all its bone.
Of heads cut off by 30 mm of their inside it holds 95 to 100 % of what is shown, by 45 mm 88 to 100 %.
No command repeats these trials.
"""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .coarse import Mask, Spacing

FAR_MM = 20.0  # skin that lies farther from any bone of its slice has none beneath it
WALL_MM = 4.5, 8.5  # how deep beneath the skin the wall begins and ends
OPEN_MM, OPEN_HEIGHT_MM = 20.0, 15.0  # along and over how much skin bone must be missing
CAP_MM = 15.0  # the uppermost part of a head, whose slices graze the bone
VAULT_SHARE = 0.55  # of the head's width: how deep beneath its top the skull still has bone all around
OPENING_MM = 6.0  # what is thinner, such as a head holder, is no part of the head
LARGEST_HEAD_MM2 = 40_000.0  # of a slice; more is a trunk

TOLD_FROM_MM = 12.0  # how far the region's rim must lie from bone to count as open ...
TOLD_MM, TOLD_HEIGHT_MM = 40.0, 15.0  # ... and along and over how much of it, to be told

_IN_PLANE = np.zeros((3, 3, 3), dtype=bool)
_IN_PLANE[1] = ndimage.generate_binary_structure(2, 1)


def wall_beneath_the_skin(bone: Mask, soft: Mask, size: Spacing) -> Mask:
    """``[d, h, w]``: a wall a few mm beneath the skin, where the vault of the skull is gone; where the
    edge of the pictures cuts it off, at that edge.

    Args:
        bone, soft: ``[d, h, w]`` in canonical order, without voxels in common.
        size: mm between slices, rows and columns.
    """
    wall = np.zeros_like(bone)
    head = _head(bone | soft, size)
    bare = {
        k: skin for k in _vault(head, bone, size) if _long(skin := _bare_skin(head[k], bone[k], size), size)
    }
    if len(bare) * size[0] < OPEN_HEIGHT_MM:
        return wall
    for k, skin in bare.items():
        near = _distance(~skin, size) <= FAR_MM + WALL_MM[1]
        depth = _depth(head[k], size)
        wall[k] = near & (depth > WALL_MM[0]) & (depth <= WALL_MM[1])
    edge = _edge(head.shape[1:])
    return wall | (head & edge) if any((skin & edge).any() for skin in bare.values()) else wall


def open_skull_warning(bone: Mask, inside: Mask, size: Spacing) -> tuple[str, ...]:
    """A warning where, from the widest slice upwards, bone is missing along much of the region's rim."""
    first = int(inside.sum(axis=(1, 2)).argmax())
    open_slices = 0
    for plane, skull in zip(inside[first:], bone[first:], strict=True):
        if not plane.any() or not skull.any():
            continue
        far = _rim(plane) & (_distance(~skull, size) > TOLD_FROM_MM)
        open_slices += bool(np.count_nonzero(far) * min(size[1:]) >= TOLD_MM)
    if open_slices * size[0] < TOLD_HEIGHT_MM:
        return ()
    return (
        "The skull is open, as after a craniectomy: what lies beneath the opening may not be searched whole.",
    )


def _head(tissue: Mask, size: Spacing) -> Mask:
    """The largest connected body, filled slice by slice."""
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in tissue])
    filled = ndimage.binary_opening(filled, _IN_PLANE, iterations=max(1, round(OPENING_MM / min(size[1:]))))
    pieces, count = ndimage.label(filled)
    if count == 0:
        return filled
    largest: Mask = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return largest


def _vault(head: Mask, bone: Mask, size: Spacing) -> list[int]:
    """The slices in which bone surrounds a brain, going by their depth beneath the top of the head.

    Where the pictures do not show the top, its height above them follows from the head's width, as in a ball.
    """
    shown = np.flatnonzero(head.any(axis=(1, 2)) & bone.any(axis=(1, 2)))
    if not shown.size:
        return []
    area = np.minimum(head.sum(axis=(1, 2)) * size[1] * size[2], LARGEST_HEAD_MM2)
    radius, top = sqrt(area.max() / pi), int(shown[-1])
    above = radius - sqrt(max(0.0, radius**2 - area[top] / pi))
    depths = (top - shown) * size[0] + above
    return shown[(depths >= CAP_MM) & (depths <= VAULT_SHARE * 2 * radius)].tolist()


def _bare_skin(head: Mask, bone: Mask, size: Spacing) -> Mask:
    return _rim(head) & (_distance(~bone, size) > FAR_MM)


def _long(skin: Mask, size: Spacing) -> bool:
    return bool(np.count_nonzero(skin) * min(size[1:]) >= OPEN_MM)


def _depth(head: Mask, size: Spacing) -> NDArray[np.float64]:
    """Depth in mm beneath the skin; the edge of the pictures is none."""
    margin = int(np.ceil(WALL_MM[1] / min(size[1:]))) + 1
    inner = slice(margin, -margin)
    return _distance(np.pad(head, margin, mode="edge"), size)[inner, inner]


def _edge(shape: tuple[int, ...]) -> Mask:
    """The outermost pixels of a picture."""
    edge = np.ones(shape, dtype=bool)
    edge[1:-1, 1:-1] = False
    return edge


def _rim(plane: Mask) -> Mask:
    rim: Mask = plane & ~ndimage.binary_erosion(plane)
    return rim


def _distance(plane: Mask, size: Spacing) -> NDArray[np.float64]:
    """Distance in mm from each True pixel ``[h, w]`` to the nearest False one."""
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(plane, sampling=size[1:])
    return distance
