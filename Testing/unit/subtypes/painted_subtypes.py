"""A painted head, hemorrhages of known subtype in it, and ways to store it."""

from functools import cache

import numpy as np

from ICHSegmentationLib.phantom import Anatomy, LesionField, anatomy_of, lesion, make_phantom, paint
from ICHSegmentationLib.preparation.intracranial import intracranial_region
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import CTVolume, Volume

SEED = 11  # training took phantoms from 2000 on


@cache
def a_head() -> tuple[CTVolume, Anatomy]:
    """A head without hemorrhage, in canonical order."""
    phantom = make_phantom(SEED, None, shape=(30, 170, 150), spacing=(5.0, 1.2, 1.2))
    order = Reorientation.of(phantom.ct.grid)
    ct = CTVolume(np.ascontiguousarray(order.apply(phantom.ct.voxels)), order.grid.affine)
    brain = intracranial_region(ct.voxels, ct.grid.spacing).mask
    return ct, anatomy_of(ct.voxels.astype(np.float32), brain, ct.grid.spacing)


@cache
def with_hemorrhage(*lesions: tuple[str, float, int]) -> tuple[CTVolume, Volume]:
    """The head with lesions (subtype, mL, seed), and its mask in true label values."""
    ct, anatomy = a_head()
    fields: list[LesionField] = []
    for subtype, volume_ml, seed in lesions:
        fields.append(lesion(subtype, anatomy, np.random.default_rng(seed), volume_ml))
    painted = np.where(ct.voxels < 150, paint(ct.voxels, fields), ct.voxels)
    truth = np.zeros(ct.voxels.shape, np.uint8)
    for field in fields:
        truth[field.mask & (truth == 0)] = field.label.value
    return CTVolume(painted.round().astype(np.int16), ct.affine), Volume(truth, ct.affine)


def untold(mask: Volume) -> Volume:
    """The mask of somebody who only knows hemorrhage."""
    return Volume((mask.voxels > 0).astype(np.uint8), mask.affine)


def stored_otherwise(ct: CTVolume, mask: Volume) -> tuple[CTVolume, Volume]:
    """The same head, its slices sagittal, its rows upside down and its columns turned round."""
    axes, flips = (2, 0, 1), (slice(None), slice(None, None, -1), slice(None, None, -1))
    affine = np.array(ct.affine)
    shape = ct.voxels.shape
    columns = [affine[:3, 2 - axis] for axis in axes]
    origin = affine[:3, 3]
    new = np.eye(4)
    for place, (axis, flip) in enumerate(zip(axes, flips, strict=True)):
        step = columns[place]
        if flip.step == -1:
            origin = origin + step * (shape[axis] - 1)
            step = -step
        new[:3, 2 - place] = step
    new[:3, 3] = origin
    arrays = (np.ascontiguousarray(a.transpose(axes)[flips]) for a in (ct.voxels, mask.voxels))
    hu, values = arrays
    return CTVolume(hu, new), Volume(values, new)


def oblique(ct: CTVolume, mask: Volume, degrees: float) -> tuple[CTVolume, Volume]:
    """The same head in the same place, scanned again on an oblique grid with thinner slices."""
    from scipy import ndimage

    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    step = np.diag([-1.8, -1.8, 3.2])
    shape = (56, 130, 120)
    affine = np.eye(4)
    affine[:3, :3] = turn @ step
    middle = ct.grid.world((np.array(ct.voxels.shape) - 1) / 2)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape)[::-1] - 1) / 2)
    into = np.linalg.inv(ct.affine) @ affine
    matrix, offset = into[:3, :3][::-1, ::-1], into[:3, 3][::-1]
    hu = ndimage.affine_transform(ct.voxels, matrix, offset, shape, order=1, cval=-1000)
    values = ndimage.affine_transform(mask.voxels, matrix, offset, shape, order=0)
    return CTVolume(hu, affine), Volume(values, affine)
