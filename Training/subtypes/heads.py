"""Heads without hemorrhage, real and painted, into which hemorrhages are painted."""

from dataclasses import dataclass

import numpy as np

from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.phantom import Anatomy, anatomy_of, make_phantom
from ICHSegmentationLib.preparation.intracranial import intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.subtypes.working_grid import WorkingHead, block_means
from ICHSegmentationLib.volume import CTVolume

from ..default_model.cases import Case
from ..default_model.scan import Scan
from ..default_model.synthesis import soft_tissue

_PIXEL_MM = 0.9  # finer ones are averaged: the subtypes are told on cubes of 2 mm
_SLICES = ((30, 5.0), (56, 2.5), (30, 5.0))  # number and thickness (mm) of the painted heads, in turn


@dataclass(frozen=True)
class Head:
    """A head without hemorrhage, in canonical order, and the spaces in it where blood can collect."""

    name: str
    ct: CTVolume
    working: WorkingHead
    anatomy: Anatomy


def painted_head(seed: int) -> Head:
    count, thickness = _SLICES[seed % len(_SLICES)]
    phantom = make_phantom(seed, None, shape=(count, 210, 190), spacing=(thickness, 0.95, 0.95))
    return _head(f"phantom_{seed}", phantom.ct)


def real_head(case: Case) -> Head:
    return _head(case.name, read_ct(case.image))


def _head(name: str, stored: CTVolume) -> Head:
    order = Reorientation.of(stored.grid)
    grid = order.grid
    steps = (1, *(max(1, round(_PIXEL_MM / mm)) for mm in grid.spacing[1:]))
    hu = order.apply(stored.voxels)
    hu = hu[:, : hu.shape[1] // steps[1] * steps[1], : hu.shape[2] // steps[2] * steps[2]]
    affine = np.array(grid.affine)
    affine[:3, 3] = grid.world(np.array([0.0, (steps[1] - 1) / 2, (steps[2] - 1) / 2]))
    affine[:3, :2] *= [steps[2], steps[1]]
    ct = CTVolume(block_means(hu, steps), affine)  # type: ignore[arg-type]
    spacing = ct.grid.spacing
    brain = intracranial_region(ct.voxels, spacing).mask
    scan = Scan(name, "clean", ct.voxels, np.zeros(ct.voxels.shape, np.uint8), brain, spacing)
    return Head(name, ct, WorkingHead.of(ct), anatomy_of(ct.voxels, soft_tissue(scan), spacing))
