"""The shape of one head: skin, skull and the space inside, as functions of position in mm.

Head coordinates: ``x`` to the patient's left, ``y`` backwards, ``z`` upwards; the origin lies between the
foramina of Monro, some 75 mm below the inner table of the vertex.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SECTORS = 2880


@dataclass(frozen=True)
class Outline:
    """The surfaces of a head in one plane.

    Attributes:
        inner, outer, skin: ``[SECTORS]`` distance of the inner table, the outer table and the skin from the
            axis of the head, in mm.
        lean: cosine between the inner table and the upright: horizontal distances times this are depths.
    """

    inner: Floats
    outer: Floats
    skin: Floats
    lean: float


@dataclass(frozen=True)
class HeadShape:
    """Sizes of one person, in mm.

    Attributes:
        half_width, half_length, height: of the space inside the skull, from the origin.
        bone: mean thickness of the vault.
        scalp: mean thickness of the scalp.
        wobble: ``[3, 4, 2]`` Fourier coefficients of inner table, bone and scalp around the head.
        ventricle_size: scale of the ventricles' width.
        atrophy: scale of the width of sulci and cisterns.
        yaw: turn of the head in the scanner, radians.
        offset: shift of the head in the scanner along y and x.
    """

    half_width: float
    half_length: float
    height: float
    bone: float
    scalp: float
    ventricle_size: float
    atrophy: float
    yaw: float
    offset: tuple[float, float]
    wobble: NDArray[np.float64] = field(repr=False)

    @staticmethod
    def random(rng: np.random.Generator) -> "HeadShape":
        size = rng.normal(1, 0.02)
        return HeadShape(
            half_width=size * rng.normal(67.5, 1.5),
            half_length=size * rng.normal(83.0, 1.8),
            height=size * rng.normal(75.0, 1.5),
            bone=float(np.clip(rng.normal(5.0, 0.6), 4, 7)),
            scalp=float(np.clip(rng.normal(5.0, 0.8), 3.5, 7)),
            ventricle_size=float(np.clip(rng.lognormal(0, 0.2), 0.75, 1.6)),
            atrophy=float(np.clip(rng.lognormal(0.05, 0.25), 0.7, 1.7)),
            yaw=float(np.radians(rng.normal(0, 2.5))),
            offset=(float(rng.normal(0, 3)), float(rng.normal(0, 2.5))),
            wobble=rng.normal(0, 1, (3, 4, 2)),
        )

    def outline(self, z: float) -> Outline:
        """The surfaces in the plane ``z``; kept, as painting asks for each plane several times."""
        if z not in self._outlines:
            outer = self._radius(z, self._bone_thickness(), self.bone)
            self._outlines[z] = Outline(self._inner_radius(z), outer, self._skin_radius(z), self._lean(z))
        return self._outlines[z]

    @cached_property
    def _outlines(self) -> dict[float, Outline]:
        return {}

    def _inner_radius(self, z: float) -> Floats:
        return self._radius(z, 0.0, 0.0)

    def _skin_radius(self, z: float) -> Floats:
        """The temporal muscle widens it at the sides."""
        temporal = 5 * np.exp(-(((z + 12) / 32) ** 2)) * np.exp(-(((np.sin(_ANGLE) + 0.35) / 0.4) ** 2))
        nape = 10 * np.clip((-z - 25) / 40, 0, 1) * np.clip(np.sin(_ANGLE), 0, 1) ** 2
        cover = self.scalp + 0.5 * self._harmonics(2) + temporal + nape
        return self._radius(z, self._bone_thickness() + cover, self.bone + self.scalp)

    def _lean(self, z: float) -> float:
        step = (self._inner_radius(z + 1).mean() - self._inner_radius(z - 1).mean()) / 2
        return float(1 / np.sqrt(1 + step**2))

    def _bone_thickness(self) -> NDArray[np.float64]:
        front_and_back = 1.2 * np.abs(np.sin(_ANGLE)) ** 3
        return np.clip(self.bone + front_and_back + 0.9 * self._harmonics(1), 3, 10)

    def _radius(self, z: float, wider: NDArray[np.float64] | float, higher: float) -> Floats:
        """An egg in plane, an ellipsoid towards the vertex, narrowing towards the base."""
        top = self.height + higher
        if z >= top:
            return np.zeros(SECTORS, dtype=np.float32)
        upwards = (1 - (max(z, 0) / top) ** 2.3) ** 0.5
        down = max(-z, 0) / 70
        sine, cosine = np.sin(_ANGLE), np.cos(_ANGLE)
        width = (self.half_width * (1 + 0.07 * sine) * (1 - 0.2 * down**1.5) + wider) * upwards
        behind = (self.half_length + 2) * (1 - 0.16 * down**1.5)
        length = (np.where(sine > 0, behind, self.half_length) + wider) * upwards
        power = 2.2
        egg = (np.abs(cosine / width) ** power + np.abs(sine / length) ** power) ** (-1 / power)
        return (egg + 1.3 * self._harmonics(0) * upwards).astype(np.float32)

    def _harmonics(self, which: int) -> NDArray[np.float64]:
        return self._all_harmonics[which]

    @cached_property
    def _all_harmonics(self) -> NDArray[np.float64]:
        orders = np.arange(2, 6)[:, None]
        a, b = np.moveaxis(self.wobble, 2, 0)[..., None] / orders**0.5
        return 0.6 * (a * np.cos(orders * _ANGLE) + b * np.sin(orders * _ANGLE)).sum(axis=1)


def skull_base(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Height ``z`` of the floor inside the skull and thickness of the bone under it, in mm."""
    aside = np.abs(x)
    rise = 0.22 * np.maximum(-y - 25, 0)
    anterior = -27 + rise + 9 * _bump(aside - 29, 15) * _bump(y + 58, 24)
    middle = -45 + 21 * _bump(aside, 17) + 0.006 * np.maximum(aside - 35, 0) ** 2
    posterior = -66 + 0.006 * (aside**2 + (y - 42) ** 2)
    clivus = np.clip(-24 - 1.15 * (y + 6), -66, -20)
    posterior = np.maximum(posterior, np.where(aside < 20, clivus, -66))
    wing, ridge = -21 - 0.42 * aside, 2 + 0.42 * aside
    behind_wing, behind_ridge = _step(y - wing, 3), _step(y - ridge, 2.5)
    behind = middle * (1 - behind_ridge) + posterior * behind_ridge
    floor = anterior * (1 - behind_wing) + behind * behind_wing
    petrous = _bump((y - ridge) * 0.9, 7) * _step(aside - 12, 2) * (1 - _step(aside - 70, 3))
    floor += petrous * np.clip(17 - 0.12 * np.abs(aside - 35), 0, 17) * behind_wing
    foramen_magnum = (x / 15) ** 2 + ((y - 40) / 18) ** 2 < 1
    floor = np.where(foramen_magnum, -200, floor)
    thickness = 3 + 22 * petrous + 12 * _bump(aside, 16) * _bump(y + 2, 14)
    return floor.astype(np.float32), thickness.astype(np.float32)


def _bump(t: NDArray[np.floating], width: float) -> NDArray[np.floating]:
    return np.exp(-((t / width) ** 2))


def _step(t: NDArray[np.floating], width: float) -> NDArray[np.floating]:
    return 0.5 + 0.5 * np.tanh(t / width)


_ANGLE = (np.arange(SECTORS) + 0.5) * (2 * np.pi / SECTORS) - np.pi
