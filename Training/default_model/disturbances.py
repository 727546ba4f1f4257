"""What other scanners, archives and patients do to a scan, done to a scan.

Each disturbance gives the scan as it would have come, on whatever grid that has, and for each of its voxels
the share that belongs to the reference mask. Voxels are in canonical order ``[D, H, W]`` (see
:mod:`ICHSegmentationLib.preparation.orientation`), lengths in mm, intensities in HU.

The scans at hand hold 1000 HU where their source was white and -1000 where it was black. Blur, rotation, tilt
and slice thickness work on these values, which mix with brain at the skull as bone does. Sharpening works on
values held between -50 and 150 HU and leaves white and black as they are: against an edge of 1000 HU that no
scanner drew, it would dig a trench into the brain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ICHSegmentationLib.volume import CTVolume, Grid

Floats = NDArray[np.float32]

NOISE_HU, GRAIN_MM = 6.0, 0.5
FINE_NOISE_HU = 25.0
BLUR_MM, SHARPEN_MM, SHARPEN = 0.8, 0.7, 1.0
ANGLE_DEGREES = 10.0
OFF_HU = 7.0
BLACK, WHITE = -1000, 1000


@dataclass(frozen=True)
class Scan:
    """A scan in canonical order and the share of each voxel that is hemorrhage, both ``[D, H, W]``."""

    hu: Floats
    share: Floats
    grid: Grid

    @property
    def ct(self) -> CTVolume:
        """In whole HU, as scanners store them."""
        return CTVolume(np.rint(self.hu).astype(np.int16), self.grid.affine)


Disturbance = Callable[[Scan, np.random.Generator], Scan]


def as_stored(scan: Scan, rng: np.random.Generator) -> Scan:
    """The scan itself, with which the others are compared."""
    return scan


def more_noise(scan: Scan, rng: np.random.Generator) -> Scan:
    """Noise of SD 6 HU, correlated over 0.5 mm in plane, on top of the scan's own."""
    grain = _in_plane_blur(rng.standard_normal(scan.hu.shape, dtype=np.float32), scan.grid, GRAIN_MM)
    return _with(scan, scan.hu + grain * np.float32(NOISE_HU / grain.std()))


def fine_noise(scan: Scan, rng: np.random.Generator) -> Scan:
    """Uncorrelated noise of SD 25 HU on top of the scan's own, as a bone kernel brings."""
    grain = rng.standard_normal(scan.hu.shape, dtype=np.float32)
    return _with(scan, scan.hu + grain * np.float32(FINE_NOISE_HU))


def softer_kernel(scan: Scan, rng: np.random.Generator) -> Scan:
    """A Gaussian blur of 0.8 mm in plane."""
    return _with(scan, _in_plane_blur(scan.hu, scan.grid, BLUR_MM))


def sharper_kernel(scan: Scan, rng: np.random.Generator) -> Scan:
    """Unsharp masking in plane: what a Gaussian of 0.7 mm takes away, added once more."""
    held = scan.hu.clip(-50, 150)
    sharp = held + np.float32(SHARPEN) * (held - _in_plane_blur(held, scan.grid, SHARPEN_MM))
    clipped = (scan.hu <= BLACK) | (scan.hu >= WHITE)
    return _with(scan, np.where(clipped, scan.hu, sharp))


def rotated(scan: Scan, rng: np.random.Generator) -> Scan:
    """The head turned by 10 degrees within the slices, on the same grid."""
    _, row, column = scan.grid.spacing
    cos, sin = np.cos(np.radians(ANGLE_DEGREES)), np.sin(np.radians(ANGLE_DEGREES))
    matrix = np.eye(3)
    matrix[1:, 1:] = [[cos, sin * column / row], [-sin * row / column, cos]]
    return _resampled(scan, matrix, scan.grid)


def tilted(scan: Scan, rng: np.random.Generator) -> Scan:
    """The gantry tilted by 10 degrees: slices lean about the left-right axis, so the grid is sheared."""
    distance, row, _ = scan.grid.spacing
    lean = np.radians(ANGLE_DEGREES)
    matrix = np.eye(3)
    matrix[0, 1] = np.sin(lean) * row / distance  # a step along the rows also climbs
    matrix[1, 1] = np.cos(lean)
    affine = np.array(scan.grid.affine)
    centre = (np.array(scan.grid.shape) - 1) / 2
    first = centre - matrix @ centre
    for axis in range(3):
        step = matrix[:, axis]
        affine[:3, 2 - axis] = scan.grid.world(step) - scan.grid.world(np.zeros(3))
    affine[:3, 3] = scan.grid.world(first)
    return _resampled(scan, matrix, Grid(scan.grid.shape, affine))


def thicker_slices(scan: Scan, rng: np.random.Generator) -> Scan:
    """Two slices averaged into one of twice the thickness; an odd last one is left out."""
    affine = np.array(scan.grid.affine)
    affine[:3, 3] += affine[:3, 2] / 2
    affine[:3, 2] *= 2
    pairs = len(scan.hu) // 2

    def halved(values: Floats) -> Floats:
        return values[: 2 * pairs].reshape(pairs, 2, *values.shape[1:]).mean(axis=1)

    grid = Grid((pairs, *scan.grid.shape[1:]), affine)
    return Scan(halved(scan.hu), halved(scan.share), grid)


def thinner_slices(scan: Scan, rng: np.random.Generator) -> Scan:
    """A slice interpolated between each two: half the slice distance."""
    affine = np.array(scan.grid.affine)
    affine[:3, 2] /= 2

    def doubled(values: Floats) -> Floats:
        between = np.empty((2 * len(values) - 1, *values.shape[1:]), np.float32)
        between[::2] = values
        between[1::2] = (values[1:] + values[:-1]) / 2
        return between

    grid = Grid((2 * len(scan.hu) - 1, *scan.grid.shape[1:]), affine)
    return Scan(doubled(scan.hu), doubled(scan.share), grid)


def narrow_window(scan: Scan, rng: np.random.Generator) -> Scan:
    """A source that was stored through the window 0 to 80 HU: white above, black below."""
    return _with(scan, np.where(scan.hu > 80, WHITE, np.where(scan.hu < 0, BLACK, scan.hu)))


def full_range(scan: Scan, rng: np.random.Generator) -> Scan:
    """Bone and air of a real scanner's range, where the source was clipped.

    White becomes bone that rises to 1500 HU with its depth; black becomes fat (-100 HU) within 3 mm of
    anything else, and air beyond.
    """
    white, black = scan.hu >= WHITE, scan.hu <= BLACK
    step = scan.grid.spacing[1:]
    hu = scan.hu.copy()
    for index in range(len(hu)):
        depth = ndimage.distance_transform_edt(white[index], step)
        hu[index][white[index]] = np.clip(100 + 350 * depth[white[index]], 150, 1500)
        beyond = ndimage.distance_transform_edt(black[index], step)
        hu[index][black[index]] = np.where(beyond[black[index]] <= 3, -100, -1000)
    return _with(scan, hu)


def higher_hu(scan: Scan, rng: np.random.Generator) -> Scan:
    """All densities 7 HU higher: what the American College of Radiology lets a scanner's water be off by."""
    return _with(scan, scan.hu + OFF_HU)


def lower_hu(scan: Scan, rng: np.random.Generator) -> Scan:
    """All densities 7 HU lower."""
    return _with(scan, scan.hu - OFF_HU)


DISTURBANCES: dict[str, Disturbance] = {
    "as stored": as_stored,
    "noise, SD 6 HU more": more_noise,
    "fine noise, SD 25 HU more": fine_noise,
    "softer kernel": softer_kernel,
    "sharper kernel": sharper_kernel,
    "rotated by 10°": rotated,
    "gantry tilted by 10°": tilted,
    "slices twice as thick": thicker_slices,
    "slices interpolated half-way": thinner_slices,
    "source window 0 to 80 HU": narrow_window,
    "full-range bone and air": full_range,
    "all HU 7 higher": higher_hu,
    "all HU 7 lower": lower_hu,
}


def dice_without_halves(mask: NDArray[Any], share: Floats) -> float:
    """Dice of a mask against voxels of which more than half belongs to the reference.

    Voxels of which exactly half does, as on a slice interpolated half-way between one that bleeds and one
    that does not, count neither way.

    Args:
        mask: label values ``[D, H, W]``.
        share: of each voxel, what part belongs to the reference.
    """
    known = np.abs(share - 0.5) > 1e-3
    found, wanted = (mask > 0) & known, share > 0.5 + 1e-3
    total = int(found.sum()) + int(wanted.sum())
    return 2 * int((found & wanted).sum()) / total if total else 1.0


def _with(scan: Scan, hu: NDArray[Any]) -> Scan:
    return Scan(hu.astype(np.float32), scan.share, scan.grid)


def _in_plane_blur(hu: Floats, grid: Grid, mm: float) -> Floats:
    blurred: Floats = ndimage.gaussian_filter(hu, (0, mm / grid.spacing[1], mm / grid.spacing[2]), truncate=3)
    return blurred


def _resampled(scan: Scan, matrix: NDArray[np.float64], grid: Grid) -> Scan:
    """Linear in all directions about the middle of the scan; air beyond it."""
    centre = (np.array(scan.hu.shape) - 1) / 2
    offset = centre - matrix @ centre
    hu, share = (
        ndimage.affine_transform(values, matrix, offset, order=1, mode="constant", cval=beyond)
        for values, beyond in ((scan.hu, float(scan.hu.min())), (scan.share, 0.0))
    )
    return Scan(hu, share, grid)
