"""Corrections by one click: the lesion that lies at a voxel, found by growing or in a mask.

Nothing here changes a mask: a correction is a :class:`Piece` that the caller adds or takes away.
"""

from .components import lesion_at, lesion_centred
from .grow import grow_lesion
from .piece import Piece

__all__ = ["Piece", "grow_lesion", "lesion_at", "lesion_centred"]
