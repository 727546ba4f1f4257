"""Masks of any tool against reference masks: numbers for each scan, what they add up to, and a page."""

from .agreement import Agreement, agreement
from .case import CaseMetrics, evaluate_case
from .folder import evaluate_folder
from .report import write_report
from .settings import EvaluationSettings
from .summary import Summary, summarise

__all__ = [
    "Agreement",
    "CaseMetrics",
    "EvaluationSettings",
    "Summary",
    "agreement",
    "evaluate_case",
    "evaluate_folder",
    "summarise",
    "write_report",
]
