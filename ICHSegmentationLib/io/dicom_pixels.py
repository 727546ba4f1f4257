"""The pixels of DICOM slices in Hounsfield units."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder

from ..errors import DependencyError
from .dicom_slices import Slice, read_dataset, reading
from .dicom_streams import require_declared_size
from .hounsfield import as_hounsfield

AIR_HU = -1024


def read_pixels(slices: Sequence[Slice]) -> NDArray[Any]:
    """``[D, H, W]`` HU of slices in their order, each with its own rescale slope and intercept.

    Photometric interpretation MONOCHROME1 only tells a display to show low values bright (DICOM PS3.3,
    C.7.6.3.1.2); the rescaled values are HU either way, so nothing is inverted.

    Raises:
        DependencyError: no installed decoder knows the compression.
        NotAnImageError: the pixels are damaged.
    """
    planes: list[NDArray[Any]] = []
    opened: tuple[Path, Dataset, NDArray[Any]] | None = None
    for each in slices:
        if opened is None or opened[0] != each.path:
            opened = (each.path, *_decode(each.path))
        _, dataset, stored = opened
        plane = stored if each.frame is None else stored.reshape(-1, *each.shape)[each.frame]
        hu = as_hounsfield(plane, each.slope, each.intercept)
        padding = _padding(dataset, plane)
        if padding is not None:
            hu[padding] = AIR_HU
        planes.append(hu)
    return np.stack(planes)


def _decode(path: Path) -> tuple[Dataset, NDArray[Any]]:
    with reading(path):
        dataset = read_dataset(path)
        require_decoder(dataset, path)
        require_declared_size(dataset, path)
        return dataset, dataset.pixel_array


def require_decoder(dataset: Dataset, path: Path) -> None:
    """Raise a DependencyError where the pixels are compressed in a way that nothing installed knows."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise DependencyError(
            f"{path.name} is compressed as {syntax.name}, for which no decoder is installed.",
            'Install one: pip install "ichsegmentation[dicom]"; or export the scan uncompressed.',
        )


def _padding(dataset: Dataset, stored: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where pixels lie outside the scanned circle, when the header names a value for that."""
    # Both may be there and empty, as some archives leave them.
    named = [dataset.get(name) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    first, last = (None if value in (None, "") else int(value) for value in named)
    if first is None:
        return None
    # The header may hold the value with the other sign than the pixels: compare in the pixels' type.
    low, high = sorted(np.array([first, first if last is None else last]).astype(stored.dtype))
    return (stored >= low) & (stored <= high)
