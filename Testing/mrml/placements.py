"""Ways in which a scan can lie in a scene, and the place of each voxel by arithmetic of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from volumes import make_scan, make_tilt, make_transform

SHAPE = (9, 14, 12)


def rotation(degrees: float, axis: int) -> NDArray[np.float64]:
    """``[4, 4]``, right-handed about one axis."""
    angle = np.radians(degrees)
    matrix = np.eye(4)
    a, b = [other for other in range(3) if other != axis]
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def grid(axes: NDArray[np.float64], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    affine = axes @ np.diag([*spacing, 1.0])
    affine[:3, 3] = 11.5, -23.25, 40.125
    return affine


def shear(tilt_degrees: float) -> NDArray[np.float64]:
    """``[4, 4]``: what gantry tilt does to a scan whose slices point upward."""
    matrix = np.eye(4)
    matrix[1, 2] = np.tan(np.radians(tilt_degrees))
    return matrix


@dataclass(frozen=True)
class Placement:
    """A scan's own affine, and what a parent transform does to world RAS after it.

    Attributes:
        kind: of the parent: none, ``linear``, or ``grid`` as Slicer's DICOM reader makes it.
    """

    affine: NDArray[np.float64] = field(
        default_factory=lambda: grid(np.diag([-1.0, -1, 1, 1]), (0.5, 0.5, 5))
    )
    parent: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    kind: str = "none"

    @property
    def world(self) -> NDArray[np.float64]:
        return self.parent @ self.affine

    def scan(self, scene: Any, voxels: NDArray[Any]) -> Any:
        return make_scan(scene, self.affine, voxels, self._parent_node(scene, voxels.shape), name="Head CT")

    def _parent_node(self, scene: Any, shape: tuple[int, int, int]) -> Any:
        if self.kind == "linear":
            return make_transform(scene, self.parent)
        if self.kind == "grid":
            step = (self.parent - np.eye(4))[:3, :3] @ self.affine[:3, 2]
            node = make_tilt(scene, self.affine, shape, step)
            # The grid moves the first slice not at all; arithmetic for it is a shear about that slice.
            assert np.allclose(self.parent[:3, :3] @ self.affine[:3, :2], self.affine[:3, :2])
            return node
        return None


def tilt_about_first_slice(affine: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """The shear that leaves the first slice, which must be axial, where it is."""
    matrix = shear(degrees)
    matrix[1, 3] = -matrix[1, 2] * affine[2, 3]
    return matrix


def tilt_by_dicom(affine: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """What the DICOM reader's transform does: the reader stacks slices upright at their slanted distance."""
    matrix = np.eye(4)
    matrix[1:3, 2] = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    matrix[1:3, 3] = (np.eye(4) - matrix)[1:3, 2] * affine[2, 3]
    return matrix


_PLAIN = grid(np.diag([-1.0, -1, 1, 1]), (0.5, 0.5, 5))
_THIN = grid(np.diag([-1.0, -1, 1, 1]), (0.43, 0.71, 3.3))
PLACEMENTS = {
    "plain": Placement(),
    "oblique": Placement(grid(rotation(20, 0) @ rotation(-12, 2) @ rotation(7, 1), (0.5, 0.5, 2.5))),
    "slices downward": Placement(grid(np.diag([-1.0, 1, -1, 1]), (0.5, 0.5, 5))),
    "left-handed": Placement(grid(np.diag([1.0, -1, 1, 1]), (0.5, 0.5, 5))),
    "anisotropic": Placement(_THIN),
    "coronal": Placement(grid(np.eye(4)[:, [0, 2, 1, 3]], (0.6, 0.6, 2.0))),
    "moved and turned": Placement(parent=rotation(33, 2) @ rotation(10, 0), kind="linear"),
    "sheared by its parent": Placement(parent=shear(18) @ rotation(4, 2), kind="linear"),
    "tilted by a grid": Placement(_PLAIN, tilt_about_first_slice(_PLAIN, 20), "grid"),
    "tilted as read from DICOM": Placement(_PLAIN, tilt_by_dicom(_PLAIN, 15), "grid"),
    "tilted the other way": Placement(_THIN, tilt_about_first_slice(_THIN, -14), "grid"),
}


def blots() -> NDArray[np.uint8]:
    """``[D, H, W]``: labels 1 and 4 only; no flip or exchange of axes maps them onto themselves."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2:4, 3:8, 2:5] = 1
    mask[4, 3:5, 2:9] = 1
    mask[6, 9:12, 4:6] = 4
    mask[7, 10, 4:10] = 4
    return mask


def noise(shape: tuple[int, int, int] = SHAPE) -> NDArray[np.int16]:
    """``[D, H, W]`` HU of which no two neighbours agree."""
    return np.random.default_rng(5).integers(-1000, 1500, shape).astype(np.int16)


def world_of(affine: NDArray[np.float64], indices: NDArray[Any]) -> NDArray[np.float64]:
    """World RAS ``[N, 3]`` of array indices ``[N, 3]`` (slice, row, column), one number at a time."""
    places = []
    for k, j, i in indices:
        places.append(
            [affine[r, 0] * i + affine[r, 1] * j + affine[r, 2] * k + affine[r, 3] for r in range(3)]
        )
    return np.array(places)
