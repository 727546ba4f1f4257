"""What tells the subtypes apart: shape and place of one lesion, or of one part of it, in numbers.

Lengths are in mm of a head of standard size, shares run from 0 to 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull

from .head_spaces import HeadSpaces
from .ventricle_course import beside_ventricles_mm
from .working_grid import STEP_MM, Floats, Mask

TOUCHING_MM = 5.0  # a cube this near to the inner table touches it: the two are seldom outlined to the pixel
SHELL = 2  # cubes around a lesion that count as its surroundings

CUBE_FEATURES = ("beside_course", "to_ventricles", "to_mirrored_ventricles", "depth", "aside")
FEATURES = (
    "log_volume",
    "log_thickness",
    "flatness",
    "elongation",
    "plate",
    "solidity",
    "touching",
    "shallow",
    "mean_depth",
    "largest_depth",
    "lens",
    "fullness",
    "facing_table",
    "facing_falx",
    "fluid_around",
    "hu_around",
    "aside",
    "midline",
    "back",
    "down",
    "ventricular",
)


def cube_features(cubes: NDArray[np.intp], spaces: HeadSpaces) -> Floats:
    """``[n, 5]`` how near to a ventricle each cube ``[n, 3]`` lies, see :data:`CUBE_FEATURES`:

    distance from the wall of the ventricles' usual course, from fluid seen in a ventricle, from such fluid
    at the mirrored place, depth below the inner table, distance from the midline.
    """
    left, back, down = spaces.frame.places(cubes)
    mirrored = spaces.frame.mirrored(cubes, spaces.depth.shape)
    columns = (
        np.clip(beside_ventricles_mm(left, back, down), -5, 20),
        spaces.to_ventricles[tuple(cubes.T)],
        spaces.to_ventricles[tuple(mirrored.T)],
        np.minimum(spaces.depth[tuple(cubes.T)], 30),
        np.minimum(np.abs(left), 45),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def part_features(
    part: Mask, first: NDArray[np.intp], blood: Mask, spaces: HeadSpaces
) -> NDArray[np.float64]:
    """``[20]`` the numbers of one part, in the order of :data:`FEATURES` but for the last:

    - ``log_volume``: logarithm of its mL;
    - ``log_thickness``: logarithm of the mm of the largest ball that it holds;
    - ``flatness``: that ball's diameter as a share of the diameter of a ball of the part's volume;
    - ``elongation``, ``plate``: its second axis as a share of its longest, its shortest as a share of its
      second;
    - ``solidity``: its share of its convex hull: lenses fill theirs, crescents and branches do not;
    - ``touching``: share of its surface that touches the inner table;
    - ``shallow``: share of its volume less than 12 mm deep;
    - ``mean_depth``, ``largest_depth``: below the inner table;
    - ``lens``: its largest depth as a share of the width of the patch that touches the inner table;
    - ``fullness``: its volume as a share of that patch times its largest depth: one half for a lens;
    - ``facing_table``, ``facing_falx``: how much its shortest axis points to the inner table, or to the side;
    - ``fluid_around``, ``hu_around``: share of fluid and mean HU of what lies around it;
    - ``aside``, ``back``, ``down``: its mean place, ``midline`` the share of it less than 6 mm from the
      midline.

    Args:
        part: ``[k, r, c]`` in a box of the working grid, at least 2 cubes wider than the part where the grid
            is.
        first: ``[3]`` the box's first cube.
        blood: ``[K, R, C]`` all hemorrhage of the head.
    """
    inner = np.argwhere(part)
    cubes = inner + first
    mm = STEP_MM / spaces.frame.size
    left, back, down = spaces.frame.places(cubes)
    depth = spaces.depth[tuple(cubes.T)]
    aside = np.abs(left)
    volume = len(cubes) * mm**3
    thickness = 2 * mm * (ndimage.distance_transform_edt(np.pad(part, 1)).max() - 0.5)
    surface = (part & ~ndimage.binary_erosion(part))[tuple(inner.T)]
    touching = depth[surface] < TOUCHING_MM
    patch = max(int(touching.sum()), 1) * mm**2
    deepest = float(np.percentile(depth, 95))
    axes, directions = _principal_axes(inner)
    return np.array([
        np.log(volume / 1000),
        np.log(thickness),
        min(thickness / (6 * volume / np.pi) ** (1 / 3), 1.2),
        axes[1] / axes[2],
        axes[0] / axes[1],
        solidity(inner),
        touching.mean(),
        (depth < 12).mean(),
        min(float(depth.mean()), 40),
        min(deepest, 50),
        min(deepest / np.sqrt(patch), 3),
        min(volume / patch / max(deepest, mm), 3),
        _towards_table(cubes, directions[:, 0], spaces),
        abs(directions[2, 0]),
        *_around(part, first, blood, spaces),
        aside.mean(),
        (aside < 6).mean(),
        back.mean(),
        down.mean(),
    ], dtype=np.float64)  # fmt: skip


def _principal_axes(cubes: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``[3]`` lengths of the axes, shortest first, and ``[3, 3]`` their directions, one column each."""
    centred = cubes - cubes.mean(axis=0)
    # One cube alone has some extent too: that of a uniform distribution over its edges.
    spread = centred.T @ centred / len(cubes) + np.eye(3) / 12
    variances, directions = np.linalg.eigh(spread)
    return np.sqrt(variances), directions


def _towards_table(cubes: NDArray[np.intp], direction: NDArray[np.float64], spaces: HeadSpaces) -> float:
    """How much ``direction`` follows the change of depth, 0 to 1, in the mean over the cubes."""
    slopes = []
    for axis in range(3):
        step = np.eye(3, dtype=np.intp)[axis]
        limit = np.array(spaces.depth.shape) - 1
        after, before = (np.clip(cubes + way * step, 0, limit) for way in (1, -1))
        slopes.append(spaces.depth[tuple(after.T)] - spaces.depth[tuple(before.T)])
    steepest = np.stack(slopes, axis=1).astype(np.float64)
    length = np.maximum(np.linalg.norm(steepest, axis=1), 1e-6)
    return float(np.mean(np.abs(steepest @ direction) / length))


def solidity(cubes: NDArray[np.intp]) -> float:
    """Share of the convex hull of cubes ``[n, 3]`` that they fill."""
    keys, starts, counts = np.unique(cubes[:, :2], axis=0, return_index=True, return_counts=True)
    ends = [np.column_stack([keys, cubes[at, 2]]) for at in (starts, starts + counts - 1)]
    lines = np.concatenate(ends).astype(float)
    corners = np.array(np.meshgrid(*[(-0.5, 0.5)] * 3)).reshape(3, -1).T
    points = np.unique((lines[:, None] + corners).reshape(-1, 3), axis=0)
    return len(cubes) / float(ConvexHull(points).volume)


def _around(part: Mask, first: NDArray[np.intp], blood: Mask, spaces: HeadSpaces) -> tuple[float, float]:
    """Share of fluid and mean HU (0 to 60) of what lies around a part inside the skull and does not bleed."""
    box = tuple(slice(int(a), int(a) + n) for a, n in zip(first, part.shape, strict=True))
    shell = ndimage.binary_dilation(part, iterations=SHELL) & ~part & ~blood[box] & spaces.inside[box]
    if not shell.any():
        return 0.0, 30.0
    return float(spaces.fluid[box][shell].mean()), float(spaces.hu[box][shell].clip(0, 60).mean())
