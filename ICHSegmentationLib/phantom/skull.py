"""Outside the brain: vault and base of the skull, scalp and face."""

from dataclasses import dataclass

import numpy as np

from .noise_fields import NoiseInSpace
from .plane import Plane
from .tissue import Tissue


@dataclass(frozen=True)
class SkullTexture:
    """Random fields of bone and soft tissue: ``cells`` are air cells, ``strands`` fat between muscles."""

    cells: NoiseInSpace
    strands: NoiseInSpace
    frontal_sinus: float

    @staticmethod
    def random(rng: np.random.Generator) -> "SkullTexture":
        return SkullTexture(NoiseInSpace(3.0, rng), NoiseInSpace(7.0, rng), rng.uniform(10, 24))


def paint_head(labels: np.ndarray, plane: Plane, texture: SkullTexture) -> None:
    """Write everything but the brain into ``labels`` ``[H, W]``."""
    p = plane.pixels
    strands = texture.strands.on(plane.z, p.rows, p.columns)
    cells = texture.cells.on(plane.z, p.rows, p.columns)
    below = _soft_tissue(labels, plane, strands)
    _bone(labels, plane, cells)
    _frontal_sinus(labels, plane, texture)
    if below:
        _face(labels, plane, cells)


def _soft_tissue(labels: np.ndarray, plane: Plane, strands: np.ndarray) -> bool:
    """Skin over fat over muscle; in the lower planes the face in front. Tells whether there is a face."""
    x, y, z = plane.pixels.x, plane.pixels.y, plane.z
    skin = plane.skin
    face = z < 2
    if face:
        grow = np.float32(min(1.0, (2 - z) / 22))
        radius = np.sqrt((x / 66) ** 2 + ((y + 38) / 62) ** 2)
        skin = np.maximum(skin, (1 - radius) * 62 - (1 - grow) * 16)
        if z < -30:
            nose = np.sqrt((x / 13) ** 2 + ((y + 97) / (9 + 0.25 * (-30 - z))) ** 2)
            skin = np.maximum(skin, (1 - nose) * 12)
        if -62 < z < -18:
            ear = np.sqrt(((np.abs(x) - 79) / 6) ** 2 + ((y - 14 - 0.5 * (np.abs(x) - 76)) / 15) ** 2)
            skin = np.maximum(skin, (1 - ear) * 6)
    inside = skin > 0
    labels[inside] = Tissue.SKIN
    labels[skin > 1.8] = Tissue.FAT
    on_bone = (plane.outer > -2.2) & (z > plane.pixels.floor - 8)
    muscle = on_bone | (skin > 4) & (strands > -0.45)
    labels[inside & (skin > 1.8) & muscle] = Tissue.MUSCLE
    return face


def _bone(labels: np.ndarray, plane: Plane, cells: np.ndarray) -> None:
    """Vault with diploe between two tables; base; petrous bones with their air cells."""
    p, z = plane.pixels, np.float32(plane.z)
    bone = (plane.outer > 0) & (z > p.floor - p.base) & (plane.depth <= 0)
    labels[bone] = Tissue.CORTICAL_BONE
    thickness = plane.outer - plane.inner
    share = plane.outer / np.maximum(thickness, 0.1)
    spongy = bone & (share > 0.3) & (share < 0.72) & (thickness > 4) & (z > p.floor)
    labels[spongy | bone & (z <= p.floor) & (cells > 0.6)] = Tissue.DIPLOE
    petrous = bone & (z < -14) & (p.base > 14) & (np.abs(p.x) > 14) & (cells < 0.9)
    labels[petrous] = Tissue.PETROUS_BONE
    if -62 < plane.z < -26:
        mastoid = plane.ellipsoid(55, 26, -44, (12, 15, 17))
        air = mastoid & (cells > -0.1)
        labels[mastoid & (labels != Tissue.AIR)] = Tissue.CORTICAL_BONE
        labels[air] = Tissue.AIR
        labels[plane.ellipsoid(62, 12, -43, (18, 3, 3.5))] = Tissue.AIR


def _frontal_sinus(labels: np.ndarray, plane: Plane, texture: SkullTexture) -> None:
    x, z = np.abs(plane.pixels.x), plane.z
    if -20 < z < 16:
        width = texture.frontal_sinus * (1 - ((z + 4) / 20) ** 2)
        room = plane.outer - plane.inner
        lies = (plane.outer > 0.25 * room) & (plane.inner < -0.2 * room) & (plane.pixels.y < -50)
        labels[lies & (x < width) & (x > 0.8)] = Tissue.AIR


def _face(labels: np.ndarray, plane: Plane, cells: np.ndarray) -> None:
    """Orbits with their globes, ethmoid and sphenoid cells, maxillary sinuses, cheek bones."""
    free = plane.depth <= 0
    orbit_wall = plane.ellipsoid(31, -60, -36, (19, 28, 19))
    orbit = plane.ellipsoid(31, -62, -36, (17.5, 28, 17.5))
    labels[orbit_wall & free & ~(plane.pixels.y < -78)] = Tissue.CORTICAL_BONE
    labels[orbit & free & (labels != Tissue.AIR)] = Tissue.FAT
    for x, half in ((19.5, (1.8, 20, 5)), (42, (1.8, 18, 5))):
        labels[plane.ellipsoid(x, -58, -34, half) & orbit] = Tissue.MUSCLE
    nerve = np.abs(np.abs(plane.pixels.x) - 31 - 0.45 * (plane.pixels.y + 62)) < 2.2
    labels[nerve & orbit & (abs(plane.z + 33) < 2.5) & (plane.pixels.y > -64)] = Tissue.MUSCLE
    labels[plane.ellipsoid(32, -75, -34, (12.5, 12.5, 12.5)) & free] = Tissue.MUSCLE
    labels[plane.ellipsoid(32, -75, -34, (11.3, 11.3, 11.3)) & free] = Tissue.VITREOUS
    labels[plane.ellipsoid(32, -84, -34, (4.5, 2.2, 4.5)) & free] = Tissue.LENS
    _sinuses(labels, plane, cells, free)


def _sinuses(labels: np.ndarray, plane: Plane, cells: np.ndarray, free: np.ndarray) -> None:
    aside, y, z = np.abs(plane.pixels.x), plane.pixels.y, plane.z
    if -80 < z < -18:
        taper = 14 - 0.012 * (y + 62) ** 2
        walls = (aside < taper) & (y > -90) & (y < -36)
        labels[walls & free] = Tissue.CORTICAL_BONE
        labels[walls & free & (aside < taper - 1.5) & (np.abs(cells) > 0.28) & (aside > 0.8)] = Tissue.AIR
    labels[plane.ellipsoid(8, -26, -38, (11, 13, 12)) & free] = Tissue.CORTICAL_BONE
    labels[plane.ellipsoid(8, -26, -38, (8, 11, 10)) & free] = Tissue.AIR
    labels[plane.ellipsoid(29, -62, -72, (17, 20, 19)) & free] = Tissue.CORTICAL_BONE
    labels[plane.ellipsoid(29, -62, -72, (15.5, 18.5, 17.5)) & free] = Tissue.AIR
    labels[plane.ellipsoid(0, -22, -72, (13, 10, 12)) & free] = Tissue.AIR
    labels[plane.ellipsoid(50, -8, -72, (4, 13, 24)) & free] = Tissue.CORTICAL_BONE
    labels[plane.ellipsoid(50, -8, -72, (2, 10, 20)) & free] = Tissue.DIPLOE
    if -62 < z < -44:
        arch = np.abs(np.sqrt((aside / 68) ** 2 + ((y + 32) / 52) ** 2) - 0.93) < 0.035
        labels[arch & free & (y < -22) & (aside > 30)] = Tissue.CORTICAL_BONE
