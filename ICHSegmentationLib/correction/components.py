"""The lesion of a mask at a voxel: what one click removes."""

from typing import Any, Literal

import cc3d
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..settings import MeasurementSettings
from .piece import Index, Piece, box_of, require_inside, trimmed


def lesion_at(
    mask: NDArray[Any],
    seed: Index,
    connectivity: Literal[6, 18, 26] = MeasurementSettings.connectivity,
) -> Piece:
    """The connected voxels (3D) with the label of the voxel ``seed``.

    With the connectivity of the measurements this is one lesion of the table.

    Args:
        mask: label values ``[D, H, W]``.
        seed: slice, row and column of the click.

    Raises:
        InputError: the click lies outside the scan, or on no lesion.
    """
    require_inside(mask, seed)
    value = mask[seed]
    if not value:
        raise InputError(
            "There is no marked lesion at this place.", "Click inside the outline of the lesion to remove."
        )
    same = mask == value
    box = box_of(same)
    # As numbers: cc3d refuses some small bool arrays with connectivity 26.
    numbered = cc3d.connected_components(same[box].astype(np.uint8), connectivity=connectivity)
    number = numbered[tuple(i - part.start for i, part in zip(seed, box, strict=True))]
    return trimmed(box, numbered == number)


def lesion_centred(
    mask: NDArray[Any],
    value: int,
    centre: tuple[float, float, float],
    connectivity: Literal[6, 18, 26] = MeasurementSettings.connectivity,
) -> Piece:
    """The connected voxels (3D) with this value whose centroid is the nearest to ``centre``.

    Args:
        mask: label values ``[D, H, W]``.
        centre: slice, row and column, with fractions.

    Raises:
        InputError: there is no voxel with this value.
    """
    same = mask == value
    if not same.any():
        raise InputError("This lesion is not marked any more.", "Choose a lesion in the table.")
    box = box_of(same)
    numbered = cc3d.connected_components(same[box].astype(np.uint8), connectivity=connectivity)
    centroids = cc3d.statistics(numbered)["centroids"][1:] + [part.start for part in box]
    nearest = int(((centroids - np.asarray(centre)) ** 2).sum(axis=1).argmin())
    return trimmed(box, numbered == nearest + 1)
