"""Which subtypes a hemorrhage has, given that there is one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class SubtypeShares:
    """Of each subtype how likely it is where there is hemorrhage: a logistic regression each.

    Told apart from whether there is any, a subtype is judged by how much of what the network sees is it, not
    by how much there is to see: a large hematoma raises the logits of all subtypes.

    Attributes:
        slopes, any_slopes, offsets: ``[K - 1]``; of an image, they go with the subtype's own logit, that of
            any hemorrhage, and neither.
        scan_slopes, scan_offsets: ``[K - 1]``; of a scan, the first go with the logarithm of which part of
            the images expected to bleed is expected to show the subtype.
    """

    slopes: Numbers
    any_slopes: Numbers
    offsets: Numbers
    scan_slopes: Numbers
    scan_offsets: Numbers

    def of_images(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """``[..., K - 1]`` of logits ``[..., K]``, any hemorrhage first."""
        own, of_any = logits[..., 1:], logits[..., :1]
        said: NDArray[np.float64] = expit(
            own * np.array(self.slopes) + of_any * np.array(self.any_slopes) + self.offsets
        )
        return said

    def of_scan(self, log_expected: NDArray[np.floating]) -> NDArray[np.float64]:
        """``[K - 1]`` of the logarithms ``[K]`` of how many images are expected to show each class."""
        parts = log_expected[1:] - log_expected[0]
        said: NDArray[np.float64] = expit(parts * np.array(self.scan_slopes) + self.scan_offsets)
        return said
