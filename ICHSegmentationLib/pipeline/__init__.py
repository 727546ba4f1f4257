"""The one path from a scan to a result folder; the command line and Python callers take the same."""

from .cases import case_name, case_names
from .path import CaseResult, measure_case, segment_case
from .segmenter import Segmentation, Segmenter, load_segmenter

__all__ = [
    "CaseResult",
    "Segmentation",
    "Segmenter",
    "case_name",
    "case_names",
    "load_segmenter",
    "measure_case",
    "segment_case",
]
