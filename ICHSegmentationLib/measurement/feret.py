"""A and B of the Tada formula: the longest diameter of an outline and the longest line across it.

B is drawn as a reader draws it: the longest line perpendicular to A whose two ends lie on the outline. On an
ellipse this is the minor axis; on a crescent it is the crescent's thickness, where the full width seen from
the side would add its bend. Small gaps on the line are passed over.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

Line = NDArray[np.float64]
"""``[2, 2]``: two ends in mm."""

TIE_MM = 1e-5
"""Lengths closer than this are equal; far above rounding errors, far below anything one can measure."""


def longest_diameter(corners: NDArray[np.float64]) -> Line:
    """The two of these corners ``[n, 2]`` (mm) that lie farthest apart; the first such pair of several."""
    distances = pdist(corners)
    pair = int(np.argmax(distances >= distances.max() - TIE_MM))
    first, second = np.triu_indices(len(corners), k=1)
    return corners[[first[pair], second[pair]]]


def longest_perpendicular(borders: NDArray[np.float64], diameter: Line) -> Line:
    """The longest line perpendicular to ``diameter`` between two places of an outline.

    Exact: between two neighbouring corners the length of the line is a convex function of its place along the
    diameter, so the longest line passes through a corner, and only those lines are looked at. Of several
    equally long ones it is the one nearest to the middle of the diameter.

    Args:
        borders: ``[n, 2, 2]`` straight pieces of the outline, two ends each, in mm.
        diameter: the line A.
    """
    along = (diameter[1] - diameter[0]) / np.linalg.norm(diameter[1] - diameter[0])
    across = np.array([-along[1], along[0]])
    places = borders @ along
    lines = np.unique(places.round(6))
    low, high = _ends_on_lines(lines, places, borders @ across)

    lengths = high - low
    longest = np.flatnonzero(lengths >= lengths.max() - TIE_MM)
    from_middle = np.abs(lines[longest] - diameter.mean(axis=0) @ along)
    best = longest[np.argmax(from_middle <= from_middle.min() + TIE_MM)]
    return np.stack([lines[best] * along + height * across for height in (low[best], high[best])])


def _ends_on_lines(
    lines: NDArray[np.float64], places: NDArray[np.float64], heights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``[lines]`` lowest and highest place where each line meets the borders ``[n, 2]``."""
    backward = places[:, 0] > places[:, 1]
    places, heights = (np.where(backward[:, None], ends[:, ::-1], ends) for ends in (places, heights))
    first = np.searchsorted(lines, places[:, 0] - TIE_MM)
    count = np.searchsorted(lines, places[:, 1] + TIE_MM, side="right") - first

    # Every (border, line) pair that meets; a border meets only the few lines between its ends.
    border = np.repeat(np.arange(len(places)), count)
    line = np.arange(count.sum()) - np.repeat(count.cumsum() - count - first, count)
    length = (places[:, 1] - places[:, 0])[border]
    upright = length <= TIE_MM
    fraction = np.clip((lines[line] - places[border, 0]) / np.where(upright, 1.0, length), 0.0, 1.0)
    meeting = heights[border, 0] + fraction * (heights[border, 1] - heights[border, 0])

    low, high = np.full(len(lines), np.inf), np.full(len(lines), -np.inf)
    np.minimum.at(low, line, np.where(upright, heights.min(axis=1)[border], meeting))
    np.maximum.at(high, line, np.where(upright, heights.max(axis=1)[border], meeting))
    return low, high
