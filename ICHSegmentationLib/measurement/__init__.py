"""Volumes, lesions and the Tada formula from a mask.

Lengths are in mm, volumes in mL, places in patient coordinates (right, anterior, superior; RAS).
"""

from .measure import measure
from .results import Lesion, Measurements, Tada, ToldLabel

__all__ = ["Lesion", "Measurements", "Tada", "ToldLabel", "measure"]
