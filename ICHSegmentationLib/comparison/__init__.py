"""What changed between two scans of one head: growth in mL and per cent, and how one lies on the other."""

from .compare import Comparison, compare
from .growth import Change
from .registration import Registration, register

__all__ = ["Change", "Comparison", "Registration", "compare", "register"]
