"""The inside of the skull: folded cortex, white matter, nuclei, fluid, falx, tentorium, sinuses."""

from dataclasses import dataclass

import numpy as np

from .noise_fields import NoiseInSpace
from .plane import Plane
from .tissue import Tissue
from .ventricles import in_ventricles


@dataclass(frozen=True)
class BrainTexture:
    """The random fields of one brain: ``folds`` are 0 along sulci, ``fine`` roughens surfaces."""

    folds: NoiseInSpace
    fine: NoiseInSpace
    calcified: dict[str, float]

    @staticmethod
    def random(rng: np.random.Generator) -> "BrainTexture":
        """Calcifications as often as people have them: pineal 71 %, choroid plexus 66 %, falx 15 %."""
        sizes = {
            "pineal": rng.uniform(1.5, 3) if rng.random() < 0.71 else 0.0,
            "choroid": rng.uniform(1.8, 3.2) if rng.random() < 0.66 else 0.0,
            "falx": rng.uniform(3, 7) if rng.random() < 0.15 else 0.0,
        }
        return BrainTexture(NoiseInSpace(11.0, rng), NoiseInSpace(4.0, rng), sizes)


def paint_brain(labels: np.ndarray, plane: Plane, texture: BrainTexture) -> None:
    """Write the tissues inside the skull into ``labels`` ``[H, W]``."""
    inside = plane.depth > 0
    if not inside.any():
        return
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    part = plane.cut(box)
    folds = texture.folds.on(0.65 * part.z, part.pixels.rows, part.pixels.columns)
    fine = texture.fine.on(part.z, part.pixels.rows, part.pixels.columns)
    brain = np.full(folds.shape, Tissue.WHITE, dtype=np.uint8)
    _cerebrum(brain, part, folds, fine)
    _nuclei(brain, part, folds, fine)
    _posterior_fossa(brain, part, fine)
    _cisterns(brain, part, fine)
    ventricles = in_ventricles(part) & (part.depth > 4)
    brain[ventricles] = Tissue.VENTRICLE
    _dura(brain, part, fine)
    _calcifications(brain, part, texture, ventricles)
    labels[box][inside[box]] = brain[inside[box]]


def _cerebrum(brain: np.ndarray, plane: Plane, folds: np.ndarray, fine: np.ndarray) -> None:
    """White matter under a cortex of some 3 mm that follows the surface down into the sulci."""
    atrophy = plane.shape.atrophy
    aside, y = np.abs(plane.pixels.x), plane.pixels.y
    core = ((y - 2) / 40) ** 2 + ((plane.z - 2) / 27) ** 2
    surface = np.where(core > 1, np.minimum(plane.depth, aside + 1), plane.depth)
    shallow = np.clip(1 - surface / 26, 0, 1)
    brain[(surface < 6 + fine - 1.5 * folds) | (np.abs(folds) < 0.95 * shallow)] = Tissue.GREY
    gap = 0.7 * atrophy + 0.5 * fine
    width = 0.17 * atrophy * np.clip(1 - surface / 17, 0, 1) * np.clip(0.8 + 0.8 * fine, 0, 1.6)
    sulci = np.abs(folds) < width
    fissure = (core > 1) & (aside < 0.9 * atrophy + 0.45 * fine)
    brain[(plane.depth < gap) | sulci | fissure] = Tissue.CSF


def _nuclei(brain: np.ndarray, plane: Plane, folds: np.ndarray, fine: np.ndarray) -> None:
    """Caudate, lentiform nucleus, thalamus, insula with the Sylvian fissure beside it."""
    aside, y, z = np.abs(plane.pixels.x), plane.pixels.y, plane.z
    turned = y + 0.45 * (aside - 25)
    lentiform = ((aside - 24 - 0.12 * y) / 7.5) ** 2 + ((turned + 4) / 18) ** 2 < 1 - ((z - 3) / 13) ** 2
    brain[lentiform] = Tissue.GREY
    for x, back, up, half in (
        (14, -24, 7, (5.5, 9, 10)),
        (17, -4, 22, (4, 16, 5)),
        (10.5, 10, 4, (8.5, 14, 10)),
        (30, -2, -26, (9, 9, 8)),
    ):
        brain[plane.ellipsoid(x, back, up, half)] = Tissue.GREY
    if -8 < z < 18:
        insula = (np.abs(y + 3 + 0.3 * (aside - 38)) < 21 - 0.05 * z**2) & (np.abs(aside - 37 - 0.04 * y) < 2)
        brain[insula] = Tissue.GREY
    if -14 < z < 16:
        atrophy = plane.shape.atrophy
        bent = aside - 40 - 0.04 * y + 0.008 * (y + 3) ** 2 - 1.0 * fine - 1.2 * folds
        beside = np.abs(bent) < 0.6 * atrophy + 0.6 * fine
        brain[beside & (np.abs(y + 3) < 20 - 0.05 * z**2)] = Tissue.CSF
        course = -10 + 0.9 * (z + 4) + 0.25 * (aside - 42) + 1.5 * fine + 2.5 * folds
        opening = np.abs(y - course) < (0.9 + 0.05 * np.maximum(aside - 50, 0)) * atrophy + 0.5 * fine
        brain[opening & (aside > 40)] = Tissue.CSF


def tentorium_height(plane: Plane) -> np.ndarray:
    """``[H, W]`` height z of the tentorium: a tent with its apex over the midbrain."""
    aside, y = np.abs(plane.pixels.x), plane.pixels.y
    return -2 - 0.42 * aside - 0.28 * np.maximum(y - 22, 0)


def below_tentorium(plane: Plane) -> np.ndarray:
    """``[H, W]`` in the posterior fossa: behind the petrous ridges, below the tentorium."""
    aside, y = np.abs(plane.pixels.x), plane.pixels.y
    return (plane.z < tentorium_height(plane)) & (y > 0.42 * aside - 6)


def _posterior_fossa(brain: np.ndarray, plane: Plane, fine: np.ndarray) -> None:
    """Cerebellum with its folia; the brainstem in fluid."""
    fossa = below_tentorium(plane)
    if not fossa.any():
        return
    aside, y, z = np.abs(plane.pixels.x), plane.pixels.y, plane.z
    folia = np.abs(fine) < 0.55
    arbor = plane.ellipsoid(20, 40, -42, (13, 12, 10)) | plane.ellipsoid(14, 22, -40, (8, 14, 7))
    brain[fossa] = np.where(folia | (plane.depth < 5), Tissue.GREY, Tissue.WHITE)[fossa]
    brain[fossa & arbor] = Tissue.WHITE
    brain[fossa & (plane.depth < 1.4 * plane.shape.atrophy + 0.5 * fine)] = Tissue.CSF
    magna = plane.ellipsoid(0, 62, -66, (14, 16, 12)) | ((plane.pixels.floor < -100) & (z < -58))
    around_stem = (aside / 21) ** 2 + ((y - 5 - 0.25 * (-40 - z)) / 16) ** 2 < 1
    brain[fossa & (magna | around_stem)] = Tissue.CSF


def _cisterns(brain: np.ndarray, plane: Plane, fine: np.ndarray) -> None:
    """Suprasellar, ambient and quadrigeminal cisterns around midbrain, pons and medulla."""
    aside, y, z = np.abs(plane.pixels.x), plane.pixels.y, plane.z
    atrophy = plane.shape.atrophy
    if -34 < z < -9:
        star = np.maximum(aside + 0.5 * np.abs(y + 12), 0.95 * np.abs(y + 12))
        star = star < 12.5 + fine - 0.12 * abs(z + 22)
        brain[star] = Tissue.CSF
    if -24 < z < -2:
        ring = (aside / 17.5) ** 2 + ((y - 9) / 16.5) ** 2
        width = 0.14 * atrophy + 0.05 * fine
        brain[(np.abs(ring - 1.05) < width) & (y > 0)] = Tissue.CSF
        brain[plane.ellipsoid(0, 25, -7, (9.5 * atrophy**0.5, 4.5, 8))] = Tissue.CSF
    stem = plane.ellipsoid(0, 9, -15, (13.5, 10.5, 14))
    stem |= plane.ellipsoid(0, 8, -40, (15.5, 11.5, 15)) | plane.ellipsoid(0, 19, -40, (10, 6, 14))
    stem |= (z < -48) & ((aside / 8.5) ** 2 + ((y - 24 - 0.6 * (-58 - z)) / 8) ** 2 < 1)
    interpeduncular = (aside < 5) & (y < 2) & (z > -26)
    brain[stem & ~interpeduncular] = np.where(fine > 0.2, Tissue.GREY, Tissue.WHITE)[stem & ~interpeduncular]


def _dura(brain: np.ndarray, plane: Plane, fine: np.ndarray) -> None:
    """Falx, tentorium and the venous sinuses in their margins."""
    x, y, z, depth = plane.pixels.x, plane.pixels.y, plane.z, plane.depth
    aside = np.abs(x)
    core = ((y - 2) / 50) ** 2 + ((z - 2) / 38) ** 2
    height = tentorium_height(plane)
    brain[(np.abs(x + 0.3 * fine) < 0.65) & (core > 1) & (z > height)] = Tissue.DURA
    incisura = (aside / 19) ** 2 + ((y - 8) / 21) ** 2 < 1
    leaf = (np.abs(z - height) < 0.75) & ~incisura & (y > 0.42 * aside)
    brain[leaf] = Tissue.DURA
    # The superior sagittal sinus is a triangle on the inner table.
    sagittal = (aside < 4.6 - 0.75 * depth) & (depth < 6) & (z > -15) & ((y > 0) | (z > 40))
    transverse = (np.abs(z - height) < 4) & (depth < 4.5) & (y > 20) & (z < -10)
    straight = (aside < 1.7) & (np.abs(z - height) < 2.5) & (y > 24) & (y < 90)
    brain[sagittal | transverse | straight] = Tissue.SINUS


def _calcifications(brain: np.ndarray, plane: Plane, texture: BrainTexture, ventricles: np.ndarray) -> None:
    pineal, choroid, falx = (texture.calcified[name] for name in ("pineal", "choroid", "falx"))
    if pineal:
        brain[plane.ellipsoid(0, 19, 0, (pineal, 0.9 * pineal, pineal))] = Tissue.CALCIFICATION
    if choroid:
        plexus = plane.ellipsoid(24.5, 37, 7, (0.8 * choroid, 1.3 * choroid, choroid))
        brain[plexus & ventricles] = Tissue.CALCIFICATION
    if falx:
        brain[plane.ellipsoid(0, -55, 38, (1.2, falx, 4))] = Tissue.CALCIFICATION
