"""The separate lesions of a mask."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import UnknownLabelError
from ..labels import LABELS, Label, label_of
from .axial import AxialView


def find_components(mask: AxialView, connectivity: Literal[6, 18, 26]) -> list[tuple[Label, AxialView]]:
    """Connected voxels of one label, each as a bool view cut to its own box, in the order of the scan.

    Lesions of different labels are separate, even where they touch.

    Raises:
        UnknownLabelError: a voxel holds a value that is no label.
    """
    if mask.voxels.size == 0:
        return []
    labels = _label_image(mask.voxels)
    found = []
    # Label by label, each in its own box: small lesions of a large scan cost little.
    for value, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            part = mask.cut(box)
            found += [(label_of(value), piece) for piece in _pieces(part, labels[box] == value, connectivity)]
    return sorted(found, key=lambda lesion: _first_voxel(lesion[1]))


def _pieces(
    mask: AxialView, inside: NDArray[np.bool_], connectivity: Literal[6, 18, 26]
) -> Iterator[AxialView]:
    # As numbers: cc3d refuses some small bool arrays with connectivity 26.
    numbered = cc3d.connected_components(inside.view(np.uint8), connectivity=connectivity)
    for number, box in enumerate(ndimage.find_objects(numbered.astype(np.int32, copy=False)), start=1):
        yield replace(mask.cut(box), voxels=numbered[box] == number)


def _first_voxel(lesion: AxialView) -> tuple[float, ...]:
    """Where a scan from the first slice on, row by row, meets the lesion."""
    first = np.unravel_index(lesion.voxels.argmax(), lesion.voxels.shape)
    return tuple(float(axis.centres[at]) for axis, at in zip(lesion.axes, first, strict=True))


def a_voxel(lesion: AxialView) -> tuple[int, int, int]:
    """Array index (slice, row, column as the file stores them) of one voxel of the lesion."""
    at = np.unravel_index(int(lesion.voxels.argmax()), lesion.voxels.shape)
    stored = {axis: int(lesion.axes[k].indices[at[k]]) for k, axis in enumerate(lesion.stored_axes)}
    return stored[0], stored[1], stored[2]


def _label_image(voxels: NDArray[Any]) -> NDArray[np.uint8]:
    if voxels.dtype == np.uint8 and voxels.max() <= max(label.value for label in LABELS):
        return voxels  # values of labels follow one another from 1 on
    filled = voxels[voxels != 0]
    strange = filled[~np.isin(filled, [label.value for label in LABELS])]
    if strange.size:
        listed = ", ".join(f"{label.value} {label.id}" for label in LABELS)
        raise UnknownLabelError(
            f"The mask holds the value {strange[0]:g}, which is no label.",
            f"Known labels: 0 background, {listed}.",
        )
    return voxels.astype(np.uint8, copy=False)
