"""Read the image and the mask of a case, whatever they are stored in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.errors import GeometryError, InputError, UnknownLabelError
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.io.dicom_series import read_dicom_slices
from ICHSegmentationLib.io.scans import read_stored_image
from ICHSegmentationLib.labels import label_named, label_of
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import CTVolume, Volume

from .case import Case
from .pictures import is_picture, read_picture_masks, read_pictures

_TWELVE_BITS = 4096
_WRAPPED_HU = 3000  # dense metal reaches it, but never fills a tenth of a scan, as air does
_WRAPPED_SHARE = 0.1


def read_case(case: Case) -> tuple[CTVolume, Volume | None]:
    """The CT of a case in HU and, on its grid, one integer mask with the library's label values.

    The mask is None where nobody drew one, and empty where readers found the scan free of hemorrhage.

    Returns:
        Voxels ``[D, H, W]`` in the file's own order (see :mod:`ICHSegmentationLib.preparation.orientation`).

    Raises:
        InputError: the case has a fault; or one of its kinds: a file is missing, damaged or no CT, the mask
            lies elsewhere (GridMismatchError) or holds a value that the data set does not define
            (UnknownLabelError), the slice labels are not one a slice (GeometryError).
        DependencyError: DICOM files are compressed in a way that needs a package that is not installed.
    """
    if case.fault:
        raise InputError(case.fault)
    ct = _image(case)
    if case.slice_labels is not None and len(case.slice_labels) != len(ct.voxels):
        raise GeometryError(
            f"Expected a label for each of the {len(ct.voxels)} slices, found {len(case.slice_labels)}."
        )
    return ct, _mask(case, ct)


def _image(case: Case) -> CTVolume:
    if isinstance(case.image, Path):
        return read_ct(case.image)
    if not case.image:
        raise InputError("Expected at least one slice, found none.")
    if not is_picture(case.image[0]):
        return _without_wrapping(read_dicom_slices(case.image))
    if case.spacing_mm is None:
        raise GeometryError("Expected a spacing for a scan of pictures, found none.")
    return read_pictures(case.image, case.spacing_mm)


def _mask(case: Case, ct: CTVolume) -> Volume | None:
    if case.mask is None:
        if case.is_free_of_hemorrhage:
            return Volume(np.zeros(ct.voxels.shape, np.uint8), ct.affine)
        return None
    if isinstance(case.mask, tuple):
        (drawn,) = {label_named(name).value for name in case.labels.values()}
        return Volume(read_picture_masks(case.mask, drawn, ct), ct.affine)
    if case.mask.name.lower().endswith((".seg.nrrd", ".dcm")):
        return read_mask(case.mask, ct)
    image = read_stored_image(case.mask)
    values = image.values
    if (image.slope, image.intercept) != (1.0, 0.0):
        values = values * image.slope + image.intercept
    stored = Volume(values, image.affine)
    if case.mask_by_voxel and stored.voxels.shape == ct.voxels.shape:
        stored = Volume(stored.voxels, ct.affine)
    voxels = _in_order_of(ct, stored)
    return Volume(_with_our_values(voxels, case.labels, case.mask.name), ct.affine)


def _in_order_of(ct: CTVolume, mask: Volume) -> NDArray[Any]:
    """The mask's voxels in the order of the CT's, which a converter may have turned round.

    Headers of masks are often rounded: up to half a voxel away the voxels are still the same ones.

    Raises:
        GridMismatchError: the mask lies elsewhere.
    """
    order, mask_order = Reorientation.of(ct.grid), Reorientation.of(mask.grid)
    if not order.grid.same_as(mask_order.grid, 0.5 * min(ct.grid.spacing)):
        ct.require_same_grid(mask)
    return order.undo(mask_order.apply(mask.voxels))


def _with_our_values(stored: NDArray[Any], labels: Mapping[int, str], name: str) -> NDArray[np.uint8]:
    """A mask with the values of :mod:`ICHSegmentationLib.labels` instead of the data set's."""
    meaning = {value: label_named(label).value for value, label in labels.items()}
    with np.errstate(invalid="ignore"):  # NaN is told below
        bytes_ = stored.astype(np.uint8)
    if stored.dtype != np.uint8 and not np.array_equal(stored, bytes_):
        wrong = stored[stored != bytes_][0]
        raise UnknownLabelError(f"Expected whole label values up to 255 in {name}, found {wrong:.4g}.")
    table = np.zeros(256, np.uint8)
    for value in np.unique(bytes_[bytes_ > 0]):
        if meaning and value not in meaning:
            known = ", ".join(f"{known} {label}" for known, label in labels.items())
            raise UnknownLabelError(
                f"The mask {name} holds the value {value}, which its data set does not define as a label.",
                f"Known values: 0 background, {known}.",
            )
        table[value] = meaning[int(value)] if meaning else label_of(int(value)).value
    return table[bytes_]


def _without_wrapping(ct: CTVolume) -> CTVolume:
    """Some RSNA slices hold negative HU in 12 bits without a sign: -1000 became 3096. Undo that."""
    wrapped = ct.voxels >= _WRAPPED_HU
    shares = wrapped.mean(axis=(1, 2))
    slices = shares > _WRAPPED_SHARE
    if not slices.any():
        return ct
    voxels = ct.voxels.copy()
    voxels[wrapped & slices[:, np.newaxis, np.newaxis]] -= _TWELVE_BITS
    warning = f"{int(slices.sum())} slices stored negative HU without a sign; they were put right."
    return replace(ct, voxels=voxels, warnings=(*ct.warnings, warning))
