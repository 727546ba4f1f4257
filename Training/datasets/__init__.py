"""Data sets as their publishers ship them, brought into one form: :class:`Case`."""

from .case import HELD_OUT, SUBTYPE_IDS, Case, DatasetAdapter, SliceLabel

__all__ = ["HELD_OUT", "SUBTYPE_IDS", "Case", "DatasetAdapter", "SliceLabel"]
