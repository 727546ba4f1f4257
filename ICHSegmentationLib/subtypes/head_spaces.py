"""The spaces of one head in which blood collects: how deep below the inner table, and where fluid is seen."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..preparation.intracranial import bounding_box
from .head_frame import HeadFrame
from .working_grid import STEP_MM, Floats, Mask, WorkingHead

FLUID_HU = 18.0  # cerebrospinal fluid lies below, edema and white matter above
AIR_HU = -30.0
FLUID_BLUR_MM = 1.2
VENTRICLE_DEPTH_MM = 17.0  # fluid below this depth lies in a ventricle ...
VENTRICLE_ASIDE_MM = 42.0  # ... unless it is further from the midline, as in the Sylvian fissure,
VENTRICLE_ML = 0.2  # or there is less of it in one piece
FAR_MM = 20.0  # distances to fluid beyond this say nothing more


@dataclass(frozen=True)
class HeadSpaces:
    """Fields ``[K, R, C]`` on the working grid of a head, in mm of a head of standard size.

    Attributes:
        frame: left, back and down of each cube.
        inside, hu: see :class:`WorkingHead`.
        depth: below the inner table; 0 outside of it. Where the scan ends is no surface.
        fluid: where fluid is seen inside the skull.
        to_ventricles: to fluid that lies in a ventricle, at most 20 mm.
    """

    frame: HeadFrame
    inside: Mask
    hu: Floats
    depth: Floats
    fluid: Mask
    to_ventricles: Floats

    @classmethod
    def of(cls, head: WorkingHead) -> "HeadSpaces":
        frame = HeadFrame.of(head.inside)
        depth = ndimage.distance_transform_edt(head.inside | ~head.seen).astype(np.float32)
        depth *= np.float32(STEP_MM / frame.size)
        depth[~head.inside] = 0
        blurred = ndimage.gaussian_filter(head.hu, FLUID_BLUR_MM / STEP_MM, truncate=2)
        fluid = head.inside & (blurred < FLUID_HU) & (blurred > AIR_HU)
        return cls(frame, head.inside, head.hu, depth, fluid, _to_ventricles(fluid, depth, frame))


def _to_ventricles(fluid: Mask, depth: Floats, frame: HeadFrame) -> Floats:
    """``[K, R, C]`` mm to the nearest fluid in a ventricle."""
    deep = fluid & (depth > VENTRICLE_DEPTH_MM)
    deep &= np.abs(frame.left(*np.ogrid[tuple(map(slice, fluid.shape))])) < VENTRICLE_ASIDE_MM
    pieces, count = ndimage.label(deep)
    large = np.bincount(pieces.ravel(), minlength=count + 1) * STEP_MM**3 / 1000 >= VENTRICLE_ML
    large[0] = False
    ventricles = large[pieces]
    distance = np.full(fluid.shape, FAR_MM, dtype=np.float32)
    if ventricles.any():
        box = bounding_box(ventricles, FAR_MM, (STEP_MM, STEP_MM, STEP_MM))
        near = ndimage.distance_transform_edt(~ventricles[box]) * (STEP_MM / frame.size)
        distance[box] = np.minimum(near, FAR_MM)
    return distance
