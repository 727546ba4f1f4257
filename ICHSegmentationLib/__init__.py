"""Find, outline and measure intracranial hemorrhage on non-contrast head CT. Research use only."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pipeline import measure_case as measure
    from .pipeline import segment_case as segment

__all__ = ["__version__", "measure", "segment"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """``segment`` and ``measure``, loaded at first use, so that importing the library stays light."""
    if name in ("segment", "measure"):
        from . import pipeline

        return getattr(pipeline, f"{name}_case")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
