"""The slices of a case in canonical order, and which of them are worth a picture."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..labels import LABELS, Label, label_named
from ..preparation.orientation import Reorientation
from ..preparation.windows import window
from ..volume import CTVolume, Volume
from .plane import Frame, SlicePlane

Lesion: TypeAlias = Mapping[str, Any]
"""A lesion as ``measurements.json`` has it."""

LEVEL, WIDTH = 40, 80
"""The brain window, in HU."""

SOFT_TISSUE = (0, 100)
"""HU of brain and scalp: most of the head, and little of the table and the head holder."""

MARGIN_MM = 10.0
"""Room around the head for the letters."""

STRAY = 0.002
"""Share of soft-tissue voxels that may lie outside the picture at each side: noise, table, head holder."""

_SAMPLES = 96


class Box(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the last of each not within."""

    top: int
    left: int
    bottom: int
    right: int


def box_of(plane: NDArray[Any]) -> Box:
    """The smallest box of a slice ``[H, W]`` that holds everything but 0; the slice must hold something."""
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def grey_of(hu: NDArray[Any]) -> NDArray[np.uint8]:
    """A slice ``[H, W]`` in HU through the brain window."""
    return (window(hu, LEVEL, WIDTH) * 255 + 0.5).astype(np.uint8)


@dataclass(frozen=True)
class SliceStack:
    """A CT and its mask, slices upward, rows anterior to posterior, columns right to left.

    Attributes:
        hu: ``[D, H, W]`` in canonical order.
        labels: ``[D, H, W]`` label values in canonical order.
        reorientation: how the stored order came here.
    """

    hu: NDArray[Any]
    labels: NDArray[Any]
    reorientation: Reorientation

    @classmethod
    def of(cls, ct: CTVolume, mask: Volume) -> "SliceStack":
        """Raises :class:`GridMismatchError` where the mask lies on another grid."""
        ct.require_same_grid(mask)
        reorientation = Reorientation.of(ct.grid)
        return cls(reorientation.apply(ct.voxels), reorientation.apply(mask.voxels), reorientation)

    def __len__(self) -> int:
        return len(self.hu)

    def index_of(self, stored: int) -> int:
        """The slice that the file's array has at this index along its slice axis; and the other way round."""
        return len(self) - 1 - stored if self.reorientation.flipped[0] else stored

    def number(self, index: int) -> int:
        """What people call the slice: its place in the file, counted from 1."""
        return self.index_of(index) + 1

    def grey(self, index: int) -> NDArray[np.uint8]:
        """``[H, W]`` the slice through the brain window."""
        return grey_of(self.hu[index])

    @cached_property
    def plane(self) -> SlicePlane:
        return SlicePlane.of(self.reorientation.grid)

    @cached_property
    def pixel_area_cm2(self) -> float:
        return float(abs(np.linalg.det(self.plane.steps))) / 100

    @cached_property
    def voxel_ml(self) -> float:
        return self.reorientation.grid.voxel_volume_mm3 / 1000

    def area_cm2(self, index: int) -> float:
        return int(np.count_nonzero(self.labels[index])) * self.pixel_area_cm2

    def labels_on(self, index: int) -> list[Label]:
        return [label for label in LABELS if (self.labels[index] == label.value).any()]

    @cached_property
    def bleeding(self) -> list[int]:
        """Slices with any label, from below."""
        return np.flatnonzero(self.labels.any(axis=(1, 2))).tolist()

    @cached_property
    def with_brain(self) -> list[int]:
        """Slices that hold at least a third as much soft tissue as the fullest one, from below."""
        tissue = _soft(self.hu[:, :: _step(self.hu.shape[1]), :: _step(self.hu.shape[2])]).sum(axis=(1, 2))
        return np.flatnonzero(tissue * 3 >= tissue.max()).tolist()

    def frame(self, longer_side: int) -> Frame:
        """The frame that holds the head and every label on all slices, with a margin."""
        steps = [_step(n) for n in self.hu.shape]
        soft = _soft(self.hu[:: steps[0], :: steps[1], :: steps[2]])
        rows, columns = np.nonzero(soft)[1:]
        if len(rows):
            head = np.stack([columns * steps[2], rows * steps[1]], axis=1)
            low, high = np.quantile(self.plane.of_indices(head), [STRAY, 1 - STRAY], axis=0)
        else:
            low, high = _extent(self.plane.of_indices(_corners(Box(0, 0, *self.hu.shape[1:]))))
        for index in self.bleeding:
            lowest, highest = _extent(self.plane.of_indices(_corners(box_of(self.labels[index]))))
            low, high = np.minimum(low, lowest), np.maximum(high, highest)
        return Frame.around(self.plane, low - MARGIN_MM, high + MARGIN_MM, longer_side)


def key_slice(stack: SliceStack, lesion: Lesion) -> int:
    """The slice where a lesion is largest: that of its A and B, else that of its label on its slices."""
    stored = (lesion.get("tada") or {}).get("slice_index")
    if stored is not None:
        return stack.index_of(int(stored))
    first, last = sorted(stack.index_of(int(n)) for n in lesion["slices"])
    own = stack.labels[first : last + 1] == label_named(lesion["label"]).value
    return first + int(own.sum(axis=(1, 2)).argmax())


def key_slices(stack: SliceStack, lesions: Iterable[Lesion], count: int) -> list[int]:
    """The key slices of the main lesions, the largest lesion's first, each slice once.

    Main are lesions with at least a twentieth of the largest one's volume.
    """
    by_volume = sorted(lesions, key=lambda lesion: lesion["volume_ml"], reverse=True)
    main = [lesion for lesion in by_volume if lesion["volume_ml"] >= by_volume[0]["volume_ml"] / 20]
    return list(dict.fromkeys(key_slice(stack, lesion) for lesion in main))[:count]


def spread(chosen: Sequence[int], candidates: Sequence[int], count: int) -> list[int]:
    """``chosen`` and candidates evenly spread over all of them, at most ``count`` together, sorted."""
    others = [candidate for candidate in candidates if candidate not in chosen]
    wanted = min(max(0, count - len(chosen)), len(others))
    return sorted([*chosen, *(others[(2 * n + 1) * len(others) // (2 * wanted)] for n in range(wanted))])


def _soft(hu: NDArray[Any]) -> NDArray[np.bool_]:
    return (hu > SOFT_TISSUE[0]) & (hu < SOFT_TISSUE[1])


def _step(length: int) -> int:
    return max(1, length // _SAMPLES)


def _corners(box: Box) -> NDArray[np.float64]:
    """Column and row ``[4, 2]`` of the outer pixel corners of a box."""
    corners = [(c, r) for c in (box.left, box.right) for r in (box.top, box.bottom)]
    return np.array(corners, dtype=np.float64) - 0.5


def _extent(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return places.min(axis=0), places.max(axis=0)
