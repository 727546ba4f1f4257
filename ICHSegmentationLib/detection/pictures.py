"""The pictures that a detector's network sees of a scan, and the way of its answers back to the scan."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..models import Stage
from ..preparation.brain_slices import SHAPE, BrainSlices, brain_slices
from ..preparation.detector_slices import WINDOWS, detector_slices
from ..preparation.head import inside_of
from ..preparation.orientation import Reorientation
from ..volume import CTVolume

Array = NDArray[np.float32]


class Pictures(Protocol):
    """Images of a scan, from below upward.

    Attributes:
        images: ``[S, C, h, w]``.
    """

    @property
    def images(self) -> Array: ...
    def of_slices(self, values: NDArray[Any], /) -> NDArray[Any]:
        """Values ``[S, ...]`` of the images as ``[D, ...]`` of the scan's own slices, in its order."""
        ...

    def on_grid(self, maps: Array, /) -> Array:
        """Maps ``[S, h', w']`` of any resolution over the images on the scan's own grid ``[D, H, W]``."""
        ...


def pictures_of(ct: CTVolume, stage: Stage) -> Pictures:
    """What the network of this stage sees.

    Raises:
        ModelError: the manifest asks for images that its kind of network does not see.
    """
    if stage.network["kind"] == "slice_map":
        if stage.patch[1:] != SHAPE:
            raise ModelError(
                f"model.json of a detector: expected pictures of {SHAPE[0]} x {SHAPE[1]}, found "
                f"{stage.patch[1]} x {stage.patch[2]}.",
                "The network was made for another version: take one made for this one, or train it again.",
            )
        return BrainPictures.of(ct)
    _, height, width = stage.patch
    if stage.windows != WINDOWS or height != width:
        raise ModelError(
            f"model.json of a detector: expected square images and the windows {WINDOWS}, found "
            f"{height} x {width} and {stage.windows}.",
            "Take a model made for this version.",
        )
    return detector_slices(ct, height, stage.spacing_mm[0])


@dataclass(frozen=True)
class BrainPictures:
    """See :class:`Pictures`: those of :mod:`ICHSegmentationLib.preparation.brain_slices`."""

    images: Array
    slices: BrainSlices
    reorientation: Reorientation

    @classmethod
    def of(cls, ct: CTVolume) -> "BrainPictures":
        reorientation = Reorientation.of(ct.grid)
        hu, spacing = reorientation.apply(ct.voxels), reorientation.grid.spacing
        slices = brain_slices(hu, inside_of(ct).mask, spacing)
        return cls(slices.inputs(), slices, reorientation)

    def of_slices(self, values: NDArray[Any]) -> NDArray[Any]:
        found = values[self.slices.slab_of_slice]
        return found[::-1] if self.reorientation.flipped[0] else found

    def on_grid(self, maps: Array) -> Array:
        return self.reorientation.undo(self.slices.back(maps))
