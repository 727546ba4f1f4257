"""Read and write a mask of hemorrhage labels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, UnknownLabelError
from ..labels import Label, label_of
from ..settings import MASK_FORMATS
from ..volume import CTVolume, Volume
from .atomic import atomic_path
from .mask_slices import on_own_slices
from .origin import DRAWN, Origin
from .scans import is_dicom, read_stored_image
from .slicer_segments import labels_of_segments, placed_on, segments_metadata
from .stored_image import StoredImage

_MOST_LOST = 0.02
"""Half a step of the coarsest storage that is believed to have meant whole numbers: 6 labels in 255 steps."""


def read_mask(path: Path, ct: CTVolume | None = None) -> Volume:
    """Read a mask in the file's own array order, its voxels as uint8 label values.

    Args:
        path: NIfTI, NRRD or MetaImage, its values those of :mod:`ICHSegmentationLib.labels`; or a Slicer
            segmentation (``.seg.nrrd``), whose segments get our values by their terminology or name (see
            :func:`.slicer_segments.labels_of_segments`); or a DICOM SEG (see :mod:`.dicom_seg_reading`).
        ct: the CT it was drawn on. The mask must lie on its grid; of a Slicer segmentation, which may hold
            only the box around its segments, it is enough that the voxels coincide. Unevenly spaced slices
            may be at their mean distance (see :mod:`.mask_slices`); the mask's warnings tell it. A DICOM SEG,
            which holds only the slices with something on them, cannot be read without it.

    Raises:
        UnknownLabelError: a value, or a segment, that no label has.
        GridMismatchError: the mask does not lie on the CT's grid.
        InputError: or one of its kinds: the file is no image of one volume.
    """
    path = Path(path)
    if path.is_file() and is_dicom(path):
        from .dicom_seg_reading import read_seg

        return read_seg(path, _needed(ct, path))
    image = read_stored_image(path)
    is_segmentation = any(key.startswith("Segment") for key in image.metadata)
    if is_segmentation:
        voxels = labels_of_segments(image.values, image.metadata)
    else:
        voxels = _whole(_scaled(image), path)
    labels_in(voxels)
    mask = Volume(voxels, image.affine, image.header)
    if ct is None:
        return mask
    mask = placed_on(ct, mask) if is_segmentation else on_own_slices(ct, mask)
    ct.require_same_grid(mask)
    return mask


def write_mask(mask: Volume, path: Path, ct: CTVolume | None = None, origin: Origin = DRAWN) -> None:
    """Write a mask as ``.nii.gz``, ``.nrrd``, ``.seg.nrrd`` or DICOM SEG (``.dcm``).

    The same mask gives the same bytes; a DICOM SEG also holds the time at which it was written.

    Args:
        mask: voxels ``[D, H, W]`` of label values.
        ct: the CT it was drawn on. The mask is written on exactly its grid: for a NIfTI CT to ``.nii.gz``
            with its affine, its sform and qform codes and its units. None writes the mask's own grid.
        origin: who outlined it; only a DICOM SEG says so.

    Raises:
        InputError: the ending is none of these, or a DICOM SEG is asked for of a CT not read from DICOM.
        GridMismatchError: the mask does not lie on the CT's grid.
        UnknownLabelError: a value that no label has.
        NotWritableError, DiskFullError, OutputError: see :func:`.atomic.output_errors`.
    """
    path = Path(path)
    voxels = _whole(mask.voxels, path)
    labels_in(voxels)
    placed = Volume(voxels, mask.affine, mask.header)
    if ct is not None:
        ct.require_same_grid(mask)
        placed = Volume(voxels, ct.affine, ct.header)
    content = _encoded(placed, path, ct, origin)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_uncertainty(uncertainty: Volume, path: Path, ct: CTVolume) -> None:
    """Write a map of uncertainty (uint8, 0 to 100) as ``.nii.gz`` on exactly the CT's grid.

    Raises:
        GridMismatchError: the map does not lie on the CT's grid.
        NotWritableError, DiskFullError, OutputError: see :func:`.atomic.output_errors`.
    """
    from .nifti import nifti_bytes

    ct.require_same_grid(uncertainty)
    content = nifti_bytes(Volume(uncertainty.voxels, ct.affine), ct.header)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def labels_in(voxels: NDArray[np.uint8]) -> list[Label]:
    """The labels that occur in a mask (uint8, ``[D, H, W]``), by value; 0 is background.

    Raises:
        UnknownLabelError: a value that no label has.
    """
    seen = np.zeros(256, dtype=bool)
    for plane in voxels:
        if plane.any():  # most slices of a mask are empty, which is quick to see
            seen[plane] = True
    return [label_of(int(value)) for value in np.flatnonzero(seen) if value]


def require_writable(path: Path, ct: CTVolume | None) -> None:
    """Raise an InputError unless a mask of this CT can be written in the format of this file name."""
    name = path.name.lower()
    if name.endswith(".dcm"):
        from .dicom_seg_source import read_source, source_of

        read_source(source_of(ct))
    elif not name.endswith((".nii.gz", ".nrrd")):
        raise InputError(
            f"Expected a mask file ending in {', '.join(MASK_FORMATS)}, found {path.name}.",
            "Choose one of these.",
        )


def _needed(ct: CTVolume | None, path: Path) -> CTVolume:
    if ct is None:
        raise InputError(
            f"{path.name} is a DICOM SEG, which holds only the slices with something on them.",
            "Give the CT it was drawn on too.",
        )
    return ct


def _encoded(mask: Volume, path: Path, ct: CTVolume | None, origin: Origin) -> bytes:
    name = path.name.lower()
    if name.endswith(".dcm"):
        from .dicom_seg import seg_bytes
        from .dicom_seg_source import source_of

        return seg_bytes(mask.voxels, source_of(ct), origin)
    require_writable(path, ct)
    if name.endswith(".nii.gz"):
        from .nifti import nifti_bytes

        return nifti_bytes(mask, mask.header)
    from .nrrd import nrrd_bytes

    is_segmentation = name.endswith(".seg.nrrd")
    return nrrd_bytes(mask, segments_metadata(mask.voxels, labels_in(mask.voxels)) if is_segmentation else {})


def _scaled(image: StoredImage) -> NDArray[np.generic]:
    """The values that a file means; a whole number that its steps could not hold exactly is that number.

    nibabel stores a mask of floats under the header of an integer CT in 255 or 65535 steps from its lowest to
    its highest value: 1 may come back as 1.00000006, or 2 as 2.004.
    """
    if (image.slope, image.intercept) == (1.0, 0.0):
        return image.values
    values: NDArray[np.float64] = image.values * image.slope + image.intercept
    nearest = np.rint(values)
    lost = 1.001 * min(abs(image.slope) / 2, _MOST_LOST)
    np.copyto(values, nearest, where=np.abs(values - nearest) <= lost)
    return values


def _whole(values: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    if values.ndim != 3:
        raise UnknownLabelError(f"Expected one label per voxel, found several in {path.name}.")
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (np.rint(values) == values).all()):
        wrong = values[~np.isfinite(values) | (np.rint(values) != values)][0]
        raise UnknownLabelError(
            f"Expected whole label values in {path.name}, found {wrong:.4g}.",
            "Give a mask of labels, not probabilities or a CT.",
        )
    for end in (values.min(), values.max()):
        if not 0 <= end <= 255:
            label_of(int(end))
    return np.ascontiguousarray(values, dtype=np.uint8)
