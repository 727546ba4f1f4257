"""Data sets as their publishers ship them, brought into one form: :class:`Case`."""

from .case import HELD_OUT, SUBTYPE_IDS, Case, DatasetAdapter, SliceLabel
from .nnunet_export import to_nnunet
from .reading import read_case
from .registry import ADAPTERS, find_adapter

__all__ = [
    "ADAPTERS",
    "HELD_OUT",
    "SUBTYPE_IDS",
    "Case",
    "DatasetAdapter",
    "SliceLabel",
    "find_adapter",
    "read_case",
    "to_nnunet",
]
