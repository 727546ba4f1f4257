"""Phantoms painted once a session, for all tests: a head takes seconds, however few its voxels."""

from __future__ import annotations

from functools import cache

from ICHSegmentationLib import phantom

_paint = cache(phantom.make_phantom)


def make_phantom(
    seed: int,
    subtype: str | None,
    volume_ml: float,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
) -> phantom.Phantom:
    """As :func:`ICHSegmentationLib.phantom.make_phantom`; do not write into its voxels."""
    return _paint(seed, subtype, volume_ml, tuple(shape), tuple(spacing))
