"""A head CT painted from scratch, with a hemorrhage whose outline and volume are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..volume import CTVolume, Volume
from .anatomy import Anatomy
from .brain import BrainTexture, paint_brain
from .head_lesion import HeadLesion, coarse_step, cut_to_surroundings
from .head_shape import Floats, HeadShape
from .lesions import lesion, subtype_named, typical_volume_ml
from .noise_fields import NoiseInSpace
from .plane import Pixels, Plane
from .sampling import Sampling
from .scanner import BONE_SHINE_MM, scanned
from .skull import SkullTexture, paint_head
from .tissue import INTRACRANIAL, MOTTLE, Tissue, densities

TOLERANCE = 0.02


@dataclass(frozen=True)
class Phantom:
    """A painted head CT and what is true of it.

    Attributes:
        ct: whole HU, int16, canonical order.
        mask: uint8 on the CT's grid, the label's value where blood fills half of a voxel or more and no bone
            outshines it.
        subtype: ``id`` of the hemorrhage's label; None in a head without.
        volume_ml: volume of ``mask``.
    """

    ct: CTVolume
    mask: Volume
    subtype: str | None
    volume_ml: float


@dataclass(frozen=True)
class _Person:
    """Everything random about a head but its hemorrhage."""

    shape: HeadShape
    brain: BrainTexture
    skull: SkullTexture
    hu: NDArray[np.float32]
    mottle: NoiseInSpace

    @staticmethod
    def random(rng: np.random.Generator) -> "_Person":
        return _Person(
            HeadShape.random(rng),
            BrainTexture.random(rng),
            SkullTexture.random(rng),
            densities(rng),
            NoiseInSpace(9.0, rng),
        )

    def tissues(self, plane: Plane) -> NDArray[np.uint8]:
        """``[H, W]`` the tissue of each pixel, see :class:`Tissue`."""
        labels = plane.pixels.around.copy()
        paint_head(labels, plane, self.skull)
        paint_brain(labels, plane, self.brain)
        return labels


@dataclass(frozen=True)
class _Attempt:
    """A hemorrhage that was tried.

    Attributes:
        asked: mL that its lesion was asked to have.
        error: logarithm of what is to be seen of it over what was wanted.
    """

    asked: float
    error: float
    blood: HeadLesion


def make_phantom(
    seed: int = 0,
    subtype: str | None = "intraparenchymal",
    volume_ml: float | None = None,
    shape: tuple[int, int, int] = (32, 512, 512),
    spacing: tuple[float, float, float] = (5.0, 0.45, 0.45),
    tilt_degrees: float = 0.0,
) -> Phantom:
    """Paint a head CT.

    Args:
        seed: the same seed gives the same phantom; each seed is another person.
        subtype: ``id`` of one of the five subtypes, or None for a head without hemorrhage.
        volume_ml: volume of the hemorrhage, met within 5 % where the head has the room and the voxels are
            fine enough; None draws one as patients have it.
        shape: ``(D, H, W)``; the scan starts some mm above the vertex and reaches down as far as it goes.
        spacing: mm between slices, rows and columns.
        tilt_degrees: slant of the slices' axis, as a tilted gantry gives (a sheared grid).

    Raises:
        UnknownLabelError, InputError: see :func:`lesions.lesion`; also for a tilt of 45 degrees or more.
    """
    if not abs(tilt_degrees) < 45:
        raise InputError(f"Expected a tilt below 45 degrees, found {tilt_degrees}.")
    rng = np.random.default_rng(seed)
    person = _Person.random(rng)
    top = person.shape.height + person.shape.bone + person.shape.scalp + 3
    sampling = Sampling(shape, spacing, top, float(np.radians(tilt_degrees)))
    scan_seed, lesion_seed = (int(n) for n in rng.integers(2**32, size=2))
    blood, value, known = None, 0, None
    if subtype is not None:
        value = subtype_named(subtype).value
        tissues = _upright_tissues(person, sampling)
        blood = _grown(person, sampling, _anatomy(tissues, sampling), subtype, volume_ml, lesion_seed)
        if coarse_step(sampling) == 1 and not sampling.tilt:
            known = tissues
    ct, filled = _painted(person, sampling, blood, known, np.random.default_rng(scan_seed))
    mask = Volume(filled.astype(np.uint8) * np.uint8(value), sampling.affine)
    volume = int(filled.sum()) * mask.grid.voxel_volume_mm3 / 1000
    return Phantom(CTVolume(ct, sampling.affine), mask, subtype, volume)


def _painted(
    person: _Person,
    sampling: Sampling,
    blood: HeadLesion | None,
    known: NDArray[np.uint8] | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """The scan and the voxels that blood fills by half, slice by slice.

    Args:
        known: ``[planes, H, W]`` the tissues of the scan's planes, where they were painted before.
    """
    ct = np.empty(sampling.shape, dtype=np.int16)
    filled = np.zeros(sampling.shape, dtype=bool)
    pixels = sampling.pixels(0, person.shape)
    for k in range(sampling.shape[0]):
        if sampling.tilt and k:
            pixels = sampling.pixels(k, person.shape)
        total = np.zeros(sampling.shape[1:], dtype=np.float32)
        for part, z in enumerate(sampling.heights_of_parts(k)):
            plane = Plane.at(z, pixels, person.shape)
            number = k * sampling.parts + part
            labels = person.tissues(plane) if known is None else known[number]
            total += _densities_in(plane, person, labels, blood, number)
        middle = Plane.at(sampling.height(k), pixels, person.shape)
        total /= sampling.parts
        ct[k] = scanned(total, middle, sampling.spacing, rng)
        if blood is not None:
            filled[k] = _filled(blood, sampling, k, pixels, person.shape)
    return ct, filled


def _densities_in(
    plane: Plane, person: _Person, labels: NDArray[np.uint8], blood: HeadLesion | None, number: int
) -> Floats:
    """HU ``[H, W]`` of one thin plane with these tissues."""
    hu = person.hu[labels]
    mottle = person.mottle.on(plane.z, plane.pixels.rows, plane.pixels.columns)
    hu += mottle * MOTTLE[labels]
    seen = blood.on(number, plane) if blood is not None else None
    if seen is not None:
        seen.laid_over(hu, soft=(labels == Tissue.GREY) | (labels == Tissue.WHITE))
    return hu


def _filled(
    blood: HeadLesion, sampling: Sampling, k: int, pixels: Pixels, head: HeadShape
) -> NDArray[np.bool_]:
    """``[H, W]`` whether blood fills at least half of slice ``k``'s thickness, with no bone in the rest."""
    if not blood.reaches(k * sampling.parts, sampling.parts):
        return np.zeros(pixels.x.shape, dtype=bool)
    count = np.zeros(pixels.x.shape, dtype=np.int16)
    clear_of_bone = np.ones(pixels.x.shape, dtype=bool)
    for part, z in enumerate(sampling.heights_of_parts(k)):
        plane = Plane.at(z, pixels, head)
        clear_of_bone &= plane.depth > BONE_SHINE_MM
        seen = blood.on(k * sampling.parts + part, plane)
        if seen is not None:
            count[seen.box] += seen.edge >= 0.5
    return (2 * count >= sampling.parts) & clear_of_bone


def _grown(
    person: _Person, sampling: Sampling, anatomy: Anatomy, subtype: str, volume_ml: float | None, seed: int
) -> HeadLesion:
    """A hemorrhage of this volume, measured on the voxels of the scan."""
    if volume_ml is None:
        volume_ml = typical_volume_ml(subtype, np.random.default_rng(seed))
    tried: list[_Attempt] = []
    for _ in range(8):
        asked = _next_to_ask(volume_ml, tried)
        field = lesion(subtype, anatomy, np.random.default_rng(seed), asked)
        blood = cut_to_surroundings(field, sampling)
        error = np.log(max(_volume_ml(blood, sampling, person.shape) / volume_ml, 0.25))
        tried.append(_Attempt(asked, error, blood))
        if abs(error) < TOLERANCE:
            break
    return min(tried, key=lambda attempt: abs(attempt.error)).blood


def _next_to_ask(wanted: float, tried: Sequence[_Attempt]) -> float:
    """The mL to ask of the lesion: more than wanted, where bone outshines part of it."""
    if not tried:
        return wanted
    low = max((a for a in tried if a.error < 0), key=lambda a: a.asked, default=None)
    high = min((a for a in tried if a.error >= 0), key=lambda a: a.asked, default=None)
    if low and high:
        share = low.error / (low.error - high.error)
        return float(low.asked * (high.asked / low.asked) ** share)
    return float(tried[-1].asked * np.exp(-tried[-1].error))


def _volume_ml(blood: HeadLesion, sampling: Sampling, head: HeadShape) -> float:
    """Volume of the voxels that a lesion fills by half."""
    parts = sampling.parts
    first, last = blood.first // parts, (blood.first + blood.edge.shape[0] - 1) // parts
    count = 0
    for k in range(first, last + 1):
        rows, columns = sampling.rows(k), sampling.columns()
        near = (rows >= blood.rows[0]) & (rows <= blood.rows[-1])
        beside = (columns >= blood.columns[0]) & (columns <= blood.columns[-1])
        pixels = Pixels.at(rows[near], columns[beside], head)
        count += int(_filled(blood, sampling, k, pixels, head).sum())
    return count * abs(float(np.linalg.det(sampling.affine[:3, :3]))) / 1000


def _upright_tissues(person: _Person, sampling: Sampling) -> NDArray[np.uint8]:
    """``[planes, h, w]`` the tissues of the head on thin planes and coarser pixels, not slanted."""
    step = coarse_step(sampling)
    pixels = Pixels.at(sampling.upright_rows(step), sampling.columns(step), person.shape)
    heights = [z for k in range(sampling.shape[0]) for z in sampling.heights_of_parts(k)]
    return np.stack([person.tissues(Plane.at(z, pixels, person.shape)) for z in heights])


def _anatomy(tissues: NDArray[np.uint8], sampling: Sampling) -> Anatomy:
    """The spaces of the head among these tissues."""
    step = coarse_step(sampling)
    _, dy, dx = sampling.spacing
    spacing = (sampling.thickness / sampling.parts, dy * step, dx * step)
    brain = np.isin(tissues, INTRACRANIAL)
    return Anatomy(brain, tissues == Tissue.VENTRICLE, tissues == Tissue.CSF, spacing)
