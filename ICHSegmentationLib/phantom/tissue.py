"""What a painted head is made of, and how dense each tissue is."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Tissue(IntEnum):
    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    CORTICAL_BONE = 4
    DIPLOE = 5
    GREY = 6
    WHITE = 7
    CSF = 8
    VENTRICLE = 9
    DURA = 10
    SINUS = 11
    CALCIFICATION = 12
    VITREOUS = 13
    LENS = 14
    HOLDER = 15
    FOAM = 16
    PETROUS_BONE = 17


INTRACRANIAL = (
    Tissue.GREY,
    Tissue.WHITE,
    Tissue.CSF,
    Tissue.VENTRICLE,
    Tissue.DURA,
    Tissue.SINUS,
    Tissue.CALCIFICATION,
)

# Mean HU of each tissue and how much it differs between people (standard deviation).
_HU = {
    Tissue.AIR: (-1000, 0),
    Tissue.SKIN: (35, 5),
    Tissue.FAT: (-90, 6),
    Tissue.MUSCLE: (55, 3),
    Tissue.CORTICAL_BONE: (1250, 120),
    Tissue.DIPLOE: (520, 90),
    Tissue.GREY: (39.5, 0.7),
    Tissue.WHITE: (29.5, 0.6),
    Tissue.CSF: (6, 1.5),
    Tissue.VENTRICLE: (5, 1.5),
    Tissue.DURA: (50, 2),
    Tissue.SINUS: (49, 2.5),
    Tissue.CALCIFICATION: (210, 45),
    Tissue.VITREOUS: (10, 2),
    Tissue.LENS: (95, 8),
    Tissue.HOLDER: (-250, 60),
    Tissue.FOAM: (-960, 8),
    Tissue.PETROUS_BONE: (1450, 120),
}

# How uneven each tissue is, in HU: bone most, air not at all.
MOTTLE = np.full(len(Tissue), 0.8, dtype=np.float32)
MOTTLE[[Tissue.CORTICAL_BONE, Tissue.DIPLOE, Tissue.PETROUS_BONE, Tissue.CALCIFICATION]] = (110, 70, 140, 20)
MOTTLE[[Tissue.AIR, Tissue.FOAM]] = 0


def densities(rng: np.random.Generator) -> NDArray[np.float32]:
    """HU of each tissue in one person, indexed by :class:`Tissue`."""
    # Drawn once for grey and white matter: their contrast of about 7 HU hardly varies.
    common = rng.normal(0, 0.8)
    hu = np.array([rng.normal(*_HU[tissue]) for tissue in Tissue], dtype=np.float32)
    hu[[Tissue.GREY, Tissue.WHITE]] += np.float32(common)
    return hu
