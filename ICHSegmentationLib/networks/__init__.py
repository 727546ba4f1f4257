"""The networks, each built from a plain dictionary that stands in a model's manifest."""

from .build import build

__all__ = ["build"]
