"""Which kind of hemorrhage a lesion is, told from its shape and place in the head, for models that do not
tell."""

from .detector import SliceChances
from .tell import Subtypes, ToldSubtype, tell_subtypes

__all__ = ["SliceChances", "Subtypes", "ToldSubtype", "tell_subtypes"]
