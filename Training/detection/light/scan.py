"""A scan as the light detector learns from it: pictures of its brain, and what is known of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.labels import label_named

from ...datasets.case import SUBTYPE_IDS
from ...sample_files import sample_file, sample_files

UNKNOWN = 255
"""In targets and flags: nobody told."""

UNSEEN = "unseen"
"""The group of hematomas that nothing is learned from but how likely the subtypes are."""

FEWEST_PIXELS = 8  # of 1 mm², that make a slab one with hemorrhage


@dataclass(frozen=True)
class LightScan:
    """Pictures of one head and what is known of them.

    Attributes:
        name: of the case; painted copies add what they are.
        source: the case whose patient is shown; empty for phantoms.
        group: ``clean``, ``bleeding``, ``hematoma``, ``painted``, ``phantom`` or ``unseen``.
        codes: ``[N, H, W]``, see :class:`ICHSegmentationLib.preparation.brain_slices.BrainSlices`.
        target: ``[N, H, W]`` label values of :mod:`ICHSegmentationLib.labels`, 255 unknown.
        flags: ``[N, 6]`` of each slab 0, 1 or 255: any, then the subtypes in the order of ``SUBTYPE_IDS``.
    """

    name: str
    source: str
    group: str
    codes: NDArray[np.uint8]
    target: NDArray[np.uint8]
    flags: NDArray[np.uint8]

    def save(self, folder: Path) -> None:
        path = sample_file(folder, self.name)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **vars(self))


def load_scans(folder: Path) -> list[LightScan]:
    """The scans in ``folder``, in the order of their names."""
    scans = []
    for path in sample_files(folder).values():
        with np.load(path) as file:
            name, source, group = (str(file[key]) for key in ("name", "source", "group"))
            scans.append(LightScan(name, source, group, file["codes"], file["target"], file["flags"]))
    return scans


def flags_of(target: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``[N, 6]``: what a target ``[N, H, W]`` of subtypes, known everywhere, says of each slab.

    A few pixels, less than a reader would name a slice for, leave the flag unknown.
    """
    counts = [np.count_nonzero(target == label_named(name).value, axis=(1, 2)) for name in SUBTYPE_IDS]
    pixels = np.stack([np.sum(counts, axis=0), *counts], axis=1)
    return np.where(pixels == 0, 0, np.where(pixels >= FEWEST_PIXELS, 1, UNKNOWN)).astype(np.uint8)
