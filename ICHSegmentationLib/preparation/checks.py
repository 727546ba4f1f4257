"""Is this a head CT that can be searched, and what should its reader know? In a few hundredths of a second.

What needs a DICOM header (modality, contrast agent, missing or uneven slices) is told by its reader; what
needs the inside of the skull is told when that is known.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NoHeadError, NonFiniteError, NotHounsfieldError
from ..volume import CTVolume, Grid
from .brain_density import brain_hu
from .head import inside_of
from .orientation import Reorientation

AIR_HU = -500
SMALLEST_HEAD_MM2 = 1_000.0  # of a slice; a newborn's vertex has more
SAMPLE_MM = 2.0
THICKEST_MM = 6.0
FEWEST_SLICES = 10
LOWEST_BRAIN_MM = 80.0  # an adult brain is about 130 mm high, a newborn's 90 mm
OPEN_TOP_MM2 = 6_000.0  # soft tissue in the topmost slice; the scalp over the vertex has less
BONE_HU = 200
RIM_MM = 8.0
CUT_MM, CUT_SLICES = 30.0, 3  # of brain on the rim, on so many slices of the sample
USUAL_BRAIN_HU = 22.0, 44.0  # the scans of the training measure 24 to 41 HU
TILT_DEGREES = 2.0
OBLIQUE_DEGREES = 20.0

Steps = tuple[int, int, int]


def check_ct(ct: CTVolume) -> list[str]:
    """Warnings about a CT, one sentence each; empty for an ordinary head CT.

    Raises:
        NonFiniteError: voxels are NaN or infinite.
        NoHeadError: no slice shows anything of a head's size.
        NotHounsfieldError: the values are stored numbers, grey levels or shares, not HU.
    """
    _require_finite(ct.voxels)
    order = Reorientation.of(ct.grid)
    sample, steps = _sample(order.apply(ct.voxels), order.grid)
    _require_head(sample, _pixel_mm2(order.grid, steps))
    _require_hounsfield(sample)
    return [*_view_warnings(sample, steps, order.grid), *_angle_warnings(ct, order.grid)]


def limits_of_search(ct: CTVolume) -> list[str]:
    """Why hemorrhage may be missed, one sentence each: thick slices, gaps, a part of the head cut off."""
    order = Reorientation.of(ct.grid)
    sample, steps = _sample(order.apply(ct.voxels), order.grid)
    return [*_view_warnings(sample, steps, order.grid), *_gap_warnings(ct)]


def unusual_density(ct: CTVolume) -> list[str]:
    """A warning where the brain is denser or less dense than usual. It needs the inside of the skull."""
    inside = inside_of(ct).mask
    density = brain_hu(Reorientation.of(ct.grid).apply(ct.voxels), inside)
    low, high = USUAL_BRAIN_HU
    if not inside.any() or low <= density <= high:
        return []
    return [
        f"The brain measures {density:.0f} HU, where {low:g} to {high:g} HU are usual: the scan's HU may be "
        "off, or contrast medium was given. Blood may be missed or seen where there is none."
    ]


def _require_finite(voxels: NDArray[Any]) -> None:
    if voxels.dtype.kind == "f":
        bad = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in voxels)
        if bad:
            raise NonFiniteError(
                f"Expected a number in each voxel, found {bad} that are NaN or infinite.",
                "Export the scan again, or fill these voxels with air (-1000 HU).",
            )


def _sample(voxels: NDArray[Any], grid: Grid) -> tuple[NDArray[Any], Steps]:
    """About one voxel each 2 mm, in canonical order with the topmost slice, and the steps along each axis."""
    slices, rows, columns = (max(1, round(SAMPLE_MM / mm)) for mm in grid.spacing)
    return voxels[::-1][::slices, ::rows, ::columns][::-1], (slices, rows, columns)


def _pixel_mm2(grid: Grid, steps: Steps) -> float:
    """Area of a pixel of the sample."""
    return grid.spacing[1] * grid.spacing[2] * steps[1] * steps[2]


def _require_head(sample: NDArray[Any], pixel_mm2: float) -> None:
    widest = np.count_nonzero(sample > AIR_HU, axis=(1, 2)).max() * pixel_mm2
    if widest < SMALLEST_HEAD_MM2 or sample.min() == sample.max():
        raise NoHeadError(
            f"Expected a head, found nothing but air or a single value (HU {sample.min():g} to "
            f"{sample.max():g}; at most {widest / 100:.1f} cm² of a slice above {AIR_HU} HU).",
            "Choose the series that shows the head.",
        )


def _require_hounsfield(sample: NDArray[Any]) -> None:
    low, high = float(sample.min()), float(sample.max())
    found = f"Expected Hounsfield units (air -1000, brain 20 to 45), found values from {low:g} to {high:g}"
    if _without_rescale(sample):
        raise NotHounsfieldError(
            f"{found} with soft tissue near 1024 or 1000: stored values without rescale.",
            "Export the scan with its rescale slope and intercept applied, or subtract 1024.",
        )
    if low > -20 and high < 20:
        raise NotHounsfieldError(
            f"{found}: they seem scaled for a network.", "Give the scan before it was scaled."
        )
    if _eight_bit(sample):
        raise NotHounsfieldError(
            f"{found} with soft tissue in mid-grey: a windowed 8-bit picture.",
            "Export the scan itself, not its pictures.",
        )


def _without_rescale(sample: NDArray[Any]) -> bool:
    """Whether most of what looks dense is soft tissue, 1000 or 1024 too high. Bone is spread far wider; bone
    clipped to 1000 has nothing above."""
    dense = sample[sample > 500]
    soft = np.count_nonzero((dense > 960) & (dense < 1160))
    return bool(dense.size and dense.max() >= 1200 and soft > 0.5 * dense.size)


def _eight_bit(sample: NDArray[Any]) -> bool:
    """Whether the values are grey levels 0..255 with saturated bone and brain in mid-grey.

    HU whose air was set to 0 and HU of a brain without its skull pass: their soft tissue lies at 20 to 45.
    """
    if sample.min() < 0 or sample.max() != 255:
        return False
    tissue = sample[(sample > 5) & (sample < 255)]
    return bool(
        tissue.size and np.count_nonzero(sample == 255) > 0.01 * sample.size and np.median(tissue) > 75
    )


def _view_warnings(sample: NDArray[Any], steps: Steps, grid: Grid) -> list[str]:
    """What of a head is not seen; slices and rims that show nothing count as not scanned."""
    pixel_mm2 = _pixel_mm2(grid, steps)
    shown = _shown(sample, pixel_mm2)
    return [
        *_slice_warnings(min(grid.shape[0], len(shown) * steps[0]), grid.slice_distance),
        *_cover_warnings(shown, pixel_mm2),
        *_rim_warnings(shown, grid.spacing[1] * steps[1], grid.spacing[2] * steps[2]),
    ]


def _shown(sample: NDArray[Any], pixel_mm2: float) -> NDArray[Any]:
    """The part of the sample between the first and the last slice with anything of a head's size, without
    rows and columns that hold a single value."""
    solid = np.count_nonzero(sample > AIR_HU, axis=(1, 2)) * pixel_mm2 >= SMALLEST_HEAD_MM2
    varied = [sample.max(axes) > sample.min(axes) for axes in ((1, 2), (0, 2), (0, 1))]
    found = [np.flatnonzero(span) for span in (solid & varied[0], *varied[1:])]
    if not all(places.size for places in found):
        return sample
    return sample[tuple(slice(places[0], places[-1] + 1) for places in found)]


def _slice_warnings(count: int, distance: float) -> list[str]:
    warnings = []
    if count > 1 and distance > THICKEST_MM:
        warnings.append(f"Slices lie {distance:.1f} mm apart: small or thin hemorrhages can be missed.")
    if count < FEWEST_SLICES:
        noun = "slice" if count == 1 else "slices"
        warnings.append(f"The scan has only {count} {noun}: depths and volumes are rough.")
    elif count * distance < LOWEST_BRAIN_MM:
        warnings.append(f"The scan covers only {count * distance:.0f} mm of the head: part of it is missing.")
    return warnings


def _gap_warnings(ct: CTVolume) -> list[str]:
    if ct.slice_positions_mm is None:
        return []
    widest = float(np.abs(np.diff(ct.slice_positions_mm)).max())
    if widest <= THICKEST_MM:
        return []
    return [f"Gaps of up to {widest:.1f} mm lie between slices: hemorrhage in them is not seen."]


def _cover_warnings(sample: NDArray[Any], pixel_mm2: float) -> list[str]:
    top = sample[-1]
    soft = np.count_nonzero((top > 0) & (top < 100)) * pixel_mm2
    if len(sample) == 1 or soft < OPEN_TOP_MM2:
        return []
    return ["The scan ends below the top of the head: hemorrhage above its last slice is not seen."]


def _rim_warnings(shown: NDArray[Any], row_mm: float, column_mm: float) -> list[str]:
    """A rim of the pictures that runs through skull, brain and skull again."""
    above, beside = (max(1, round(RIM_MM / mm)) for mm in (row_mm, column_mm))
    cut = 0
    for plane in shown:
        along_rows = max(_brain_between_bone(rim) for rim in (plane[:above], plane[-above:]))
        along_columns = max(_brain_between_bone(rim.T) for rim in (plane[:, :beside], plane[:, -beside:]))
        cut += max(along_rows * column_mm, along_columns * row_mm) >= CUT_MM
    if cut < CUT_SLICES:
        return []
    return ["The head is cut off at the edge of the pictures: hemorrhage beyond it is not seen."]


def _brain_between_bone(rim: NDArray[Any]) -> int:
    """Pixels along a rim ``[depth, length]`` of soft tissue all through, between the first bone and the last.

    A head holder is too thin to be soft all through.
    """
    bone = np.flatnonzero((rim > BONE_HU).any(axis=0))
    if not bone.size:
        return 0
    between = rim[:, bone[0] : bone[-1] + 1]
    return int(np.count_nonzero(((between > 0) & (between < 100)).all(axis=0)))


def _angle_warnings(ct: CTVolume, canonical: Grid) -> list[str]:
    warnings = []
    tilt = canonical.tilt_degrees
    told = any("tilt" in warning.lower() for warning in ct.warnings)  # by the reader of the series
    if tilt > TILT_DEGREES and not told:
        warnings.append(
            f"The slices are tilted by {tilt:.1f}° (gantry tilt); volumes take this into account."
        )
    oblique = _oblique_degrees(canonical)
    if oblique - tilt > OBLIQUE_DEGREES:
        warnings.append(
            f"The slices lie {oblique:.0f}° oblique to the patient's axes: the model has seen few such scans."
        )
    return warnings


def _oblique_degrees(canonical: Grid) -> float:
    """The largest angle between the slices' normal, rows or columns and the patient's axis next to them."""
    columns, rows = (canonical.affine[:3, i] / np.linalg.norm(canonical.affine[:3, i]) for i in (0, 1))
    normal = np.cross(columns, rows)
    aligned = min(abs(columns[0]), abs(rows[1]), abs(normal[2] / np.linalg.norm(normal)))
    return float(np.degrees(np.arccos(min(1.0, aligned))))
