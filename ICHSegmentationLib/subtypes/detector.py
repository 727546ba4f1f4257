"""A detector's word on a lesion: what it says of the slices on which the lesion lies."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SliceChances = Mapping[str, NDArray[np.floating]]
"""By label id, the probability of that subtype on each slice."""

DOUBT = 0.15
"""Added to each of the detector's probabilities: a subtype that it holds impossible becomes less likely than
one that it is sure of by this factor at most (0.15 to 1.15), since it may be wrong, and does not know of
which of several lesions on a slice it speaks."""


def weighed(
    chances: NDArray[np.float64],
    classes: Sequence[str],
    detector: SliceChances,
    areas: NDArray[np.float64],
) -> NDArray[np.float64]:
    """``[c]`` the chances of anatomy times what the detector says, as chances again.

    Args:
        chances: ``[c]`` of anatomy alone.
        classes: ``[c]`` label ids; one that the detector does not know keeps its chance as if it were even.
        detector: probabilities by slice.
        areas: ``[S]`` area of the lesion on each slice: slices with more of it count more.
    """
    shares = areas / areas.sum()
    said = [
        float(shares @ np.asarray(detector[name], dtype=float)) if name in detector else 0.5
        for name in classes
    ]
    product = chances * (np.array(said) + DOUBT)
    found: NDArray[np.float64] = product / product.sum()
    return found
