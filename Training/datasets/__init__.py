"""Data sets in their publishers' layouts, brought into one form (:class:`Case`), checked and split."""

from .case import HELD_OUT, SUBTYPE_IDS, Case, DatasetAdapter, SliceLabel
from .nnunet_export import to_nnunet
from .prepare import Preparation, prepare
from .prepared import load_held_out, load_split, read_cases_csv
from .reading import read_case
from .registry import ADAPTERS, find_adapter

__all__ = [
    "ADAPTERS",
    "HELD_OUT",
    "SUBTYPE_IDS",
    "Case",
    "DatasetAdapter",
    "Preparation",
    "SliceLabel",
    "find_adapter",
    "load_held_out",
    "load_split",
    "prepare",
    "read_case",
    "read_cases_csv",
    "to_nnunet",
]
