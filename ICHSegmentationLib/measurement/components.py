"""The separate lesions of a mask."""

from dataclasses import replace
from typing import Any, Literal

import cc3d
import numpy as np
from numpy.typing import NDArray

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
    numbered = cc3d.connected_components(labels, connectivity=connectivity)
    boxes = cc3d.statistics(numbered)["bounding_boxes"]

    found = []
    for number, box in enumerate(boxes[1:], start=1):
        part = mask.cut(box)
        inside = numbered[box] == number
        value = labels[box].flat[inside.argmax()]
        found.append((label_of(value), replace(part, voxels=inside)))
    return found


def _label_image(voxels: NDArray[Any]) -> NDArray[np.uint8]:
    filled = voxels[voxels != 0]
    strange = filled[~np.isin(filled, [label.value for label in LABELS])]
    if strange.size:
        listed = ", ".join(f"{label.value} {label.id}" for label in LABELS)
        raise UnknownLabelError(
            f"The mask holds the value {strange[0]:g}, which is no label.",
            f"Known labels: 0 background, {listed}.",
        )
    return voxels.astype(np.uint8, copy=False)
