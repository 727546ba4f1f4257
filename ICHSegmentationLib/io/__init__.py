"""Scans and masks in and out of files, with their geometry, and safe writing of anything."""

from .masks import read_mask, write_mask, write_uncertainty
from .origin import Origin
from .scans import read_ct

__all__ = ["Origin", "read_ct", "read_mask", "write_mask", "write_uncertainty"]
