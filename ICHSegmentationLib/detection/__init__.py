"""Is there hemorrhage on a scan, of which subtype, on which slices, and what did the network look at.

After Al Fahim, "Detection, Classification, and Segmentation of Intracranial Haemorrhages", section III.
"""

from .detector import Detector
from .result import CLASSES, Detection

__all__ = ["CLASSES", "Detection", "Detector"]
