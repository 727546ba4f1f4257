"""Painted heads and hemorrhages with a known mask and volume, for demonstration, tests and training."""

from .anatomy import Anatomy, anatomy_of
from .head import Phantom, make_phantom
from .lesion_field import LesionField
from .lesions import lesion, paint, typical_volume_ml

__all__ = [
    "Anatomy",
    "LesionField",
    "Phantom",
    "anatomy_of",
    "lesion",
    "make_phantom",
    "paint",
    "typical_volume_ml",
]
