"""From a detector's logits to probabilities that mean what they say and do not contradict each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .result import CLASSES
from .subtype_shares import SubtypeShares

_NONE = (0.0,) * len(CLASSES)
_LEAST_NUMBER = 1e-70  # of images: logits far below 0 make probabilities of 0, which have no logarithm


@dataclass(frozen=True)
class Calibration:
    """Temperature and offsets, of images and of scans (Platt 1999; without offsets Guo et al., ICML 2017).

    With ``shares`` these make the probability of any hemorrhage, and a subtype's is this times its share.
    A subtype is never likelier than any hemorrhage: where its own numbers say more, it is as likely. No image
    is likelier to show a class than its scan: where one would be, all are lowered by the same factor.

    Attributes:
        temperature: of images; logits are divided by it.
        offsets: ``[K]``, added to the divided logits.
        scan_slices: without a ``scan_temperature``, a scan's probability is the mean of those of so many
            images, the highest of each class.
        scan_temperature: with it, a scan is judged by how many of its images are expected to show a class,
            the sum of their probabilities: the logarithm of this number is divided by it.
        scan_offsets: ``[K]``, added to the divided logarithm.
        scan_images: how many images a head has at least; where a scan has fewer, the rest is taken to be like
            them, so that a scan of one slice can be likely to bleed.
        shares: how likely each subtype is where there is hemorrhage; without, subtypes have temperatures and
            offsets as any hemorrhage has.
    """

    temperature: float = 1.0
    offsets: tuple[float, ...] = _NONE
    scan_slices: int = 1
    scan_temperature: float | None = None
    scan_offsets: tuple[float, ...] = _NONE
    scan_images: int = 1
    shares: SubtypeShares | None = None

    def of_images(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities ``[..., K]`` of logits ``[..., K]``, of each image by itself."""
        said = expit(logits / self.temperature + np.array(self.offsets))
        if self.shares is not None:
            said[..., 1:] = said[..., :1] * self.shares.of_images(logits)
        return _coherent(said)

    def of_all_images(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities ``[S, K]`` of a scan's images from the logits ``[S, K]`` of all of them."""
        return within_scan(self.of_images(logits), self.of_scan(logits))

    def of_scan(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities ``[K]`` of a scan from the logits ``[S, K]`` of its images; 0 without one."""
        if len(logits) == 0:
            return np.zeros(len(CLASSES))
        if self.scan_temperature is None:
            highest = np.sort(self.of_images(logits), axis=0)[-self.scan_slices :]
            return _coherent(highest.mean(axis=0))
        expected = self.log_expected(logits)
        said = expit(expected / self.scan_temperature + np.array(self.scan_offsets))
        if self.shares is not None:
            said[1:] = said[0] * self.shares.of_scan(expected)
        return _coherent(said)

    def log_expected(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """``[K]``: the logarithm of how many images of ``[S, K]`` are expected to show each class."""
        number = self.of_images(logits).mean(axis=0) * max(len(logits), self.scan_images)
        expected: NDArray[np.float64] = np.log(np.maximum(number, _LEAST_NUMBER))
        return expected


def within_scan(probabilities: NDArray[np.floating], of_scan: NDArray[np.floating]) -> NDArray[np.float64]:
    """``[..., K]`` of all images of a scan, or of places in them, lowered to the scan's ``[K]`` at most."""
    highest = probabilities.max(axis=tuple(range(probabilities.ndim - 1)), initial=0.0)
    share = np.divide(of_scan, highest, out=np.ones(len(of_scan)), where=highest > of_scan)
    return _coherent(probabilities * share)


def _coherent(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[..., K]``, no subtype above any hemorrhage, of which more is known."""
    return np.minimum(probabilities, probabilities[..., :1])
