"""The channels that a network sees: HU windows, normalised as the network was trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .windows import window

NORMALISATIONS = ("window", "zscore", "minmax", "mean_std")


def channels(
    hu: NDArray[Any],
    windows: Sequence[Sequence[float]] = (),
    normalisation: str = "window",
    mean_std: Sequence[Sequence[float]] = (),
) -> NDArray[np.float32]:
    """Image channels ``[C, D, H, W]`` of a scan, one for each window; without windows one of unclipped HU.

    Args:
        hu: ``[D, H, W]``.
        windows: ``(level, width)`` in HU of each channel; values outside are clipped.
        normalisation: ``window`` each window as 0..1 (HU where there is none); ``zscore`` minus the channel's
            mean over this scan, over its standard deviation; ``minmax`` the channel's lowest value as 0, its
            highest as 1; ``mean_std`` minus a fixed mean, over a fixed standard deviation.
        mean_std: ``(mean, standard deviation)`` of each channel for ``mean_std``: in HU.

    Raises:
        ValueError: the normalisation is unknown, or its numbers are missing.
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(
            f"Expected a normalisation out of {', '.join(NORMALISATIONS)}, found '{normalisation}'."
        )
    if normalisation == "mean_std" and len(mean_std) != max(1, len(windows)):
        raise ValueError(
            f"Expected a mean and standard deviation for each channel, found {len(mean_std)} of them."
        )
    shown = [_clipped(hu, level, width) for level, width in windows] or [hu.astype(np.float32)]
    if normalisation == "window":
        return np.stack([window(hu, *each) for each in windows] or shown)
    if normalisation == "mean_std":
        pairs = zip(shown, mean_std, strict=True)
        return np.stack([(c - np.float32(mean)) / np.float32(std) for c, (mean, std) in pairs])
    return np.stack([_zscore(c) if normalisation == "zscore" else _minmax(c) for c in shown])


def _clipped(hu: NDArray[Any], level: float, width: float) -> NDArray[np.float32]:
    return np.clip(hu, level - width / 2, level + width / 2).astype(np.float32)


def _zscore(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    return (channel - channel.mean()) / max(float(channel.std()), 1e-6)


def _minmax(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    lowest, highest = float(channel.min()), float(channel.max())
    return (channel - np.float32(lowest)) / np.float32(max(highest - lowest, 1e-6))
