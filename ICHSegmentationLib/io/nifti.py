"""NIfTI in and out with nibabel, which keeps sheared affines that ITK refuses."""

import errno
import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.fileholders import FileHolder
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from ..errors import InputError, NotAnImageError
from ..volume import Volume
from .nifti_forms import disagreements
from .nifti_header import sound_header, unpacked
from .nifti_slices import noted_positions
from .slice_spacing import spacing_warnings
from .stored_image import (
    StoredImage,
    colours_error,
    is_flat,
    require_believable_grid,
    require_volume,
    without_frame_axes,
)

_SCANNER = 1  # sform/qform code: the axes are the scanner's
_GEOMETRY_FIELDS = (
    "pixdim", "xyzt_units", "qform_code", "quatern_b", "quatern_c", "quatern_d",
    "qoffset_x", "qoffset_y", "qoffset_z", "sform_code", "srow_x", "srow_y", "srow_z",
)  # fmt: skip
_DAMAGED = (ImageFileError, HeaderDataError, WrapStructError, EOFError, ValueError, zlib.error, OverflowError)


def read_nifti(path: Path) -> StoredImage:
    """Read a ``.nii`` or ``.nii.gz``; a fourth axis of length 1 is dropped.

    Raises:
        NotAnImageError: the content is damaged or something else.
        NotThreeDimensionalError, GeometryError, NotHounsfieldError: see :mod:`.stored_image`.
    """
    try:
        header = sound_header(path)
        with unpacked(path) as file:
            kind = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
            image = kind.from_file_map({"image": FileHolder(fileobj=file)})
            shape = without_frame_axes(image.shape)
            require_volume(path, shape)
            if image.get_data_dtype().kind not in "iuf":
                raise colours_error(path)
            affine, warnings = _affine(image.header, shape)
            warnings += disagreements(header, image.header, shape, affine)
            require_believable_grid(path, affine)
            positions = noted_positions(path, image.header, shape[2])
            if positions is not None:
                warnings += tuple(spacing_warnings(np.diff(positions)))
            # Not get_fdata(): float64 would take four times the memory of the int16 that CTs are stored in.
            stored: Any = image.dataobj
            values = stored.get_unscaled().reshape(shape, order="A").T
            file.read(1)  # behind the last voxel, where gzip looks at its checksum
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise InputError(f"{path} cannot be read: {error.strerror}.", "Allow reading it.") from error
        raise _not_an_image(path, error) from error
    except _DAMAGED as error:
        raise _not_an_image(path, error) from error
    # What was unpacked is ours already; a plain file is only mapped into memory.
    mapped = isinstance(values, np.memmap) or not values.flags.writeable
    native = values.astype(values.dtype.newbyteorder("="), order="C", copy=mapped)
    return StoredImage(
        native,
        affine,
        float(stored.slope),
        float(stored.inter),
        image.header,
        warnings=warnings,
        slice_positions_mm=positions,
    )


def nifti_bytes(mask: Volume, header: Any) -> bytes:
    """A mask as the bytes of a ``.nii.gz``; the same mask gives the same bytes.

    Args:
        header: NIfTI header of the CT. Its shape, codes, affines and units are taken over as they stand when
            it describes the mask's grid; otherwise (or None) the mask's affine is written in scanner axes.
    """
    new = nib.Nifti1Header()
    new.set_data_shape(mask.voxels.shape[::-1])
    new.set_data_dtype(np.uint8)
    if header is not None and _describes(header, mask):
        for name in _GEOMETRY_FIELDS:
            new[name] = header[name]
    else:
        new.set_xyzt_units("mm")
        new.set_sform(mask.affine, _SCANNER)
        sheared = mask.grid.tilt_degrees > 1e-3 or not _rigid(mask.affine)
        # A qform cannot hold shear; code 0 says that only the sform counts.
        new.set_qform(mask.affine, 0 if sheared else _SCANNER, strip_shears=True)
    voxels = np.asarray(mask.voxels, dtype=np.uint8).T
    image = nib.Nifti1Image(voxels, None, new)
    return gzip.compress(image.to_bytes(), compresslevel=1, mtime=0)


def _describes(header: Any, mask: Volume) -> bool:
    if not isinstance(header, nib.Nifti1Header):
        return False
    shape = header.get_data_shape()[:3]
    if shape != mask.voxels.shape[::-1]:
        return False
    return bool(np.allclose(_affine(header, shape)[0], mask.affine, rtol=1e-6, atol=1e-4))


def _affine(header: Any, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """sform, else qform, else the spacing alone; and a warning in the last case."""
    if header["sform_code"] > 0 and _usable(sform := header.get_sform()):
        return sform, ()
    if header["qform_code"] > 0 and _usable(qform := header.get_qform()):
        return qform, ()
    spacing = np.abs(header["pixdim"][1:4].astype(np.float64))
    # As nibabel and FSL read it: stored right to left, the centre at the origin.
    affine = np.diag([-spacing[0], spacing[1], spacing[2], 1.0])
    affine[:3, 3] = -affine[:3, :3] @ (np.array(shape[:3]) - 1) / 2
    return affine, (
        "The NIfTI header says nothing of the scan's orientation: only the voxel size is known, left and "
        "right may be exchanged.",
    )


def _usable(affine: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(affine).all()) and not is_flat(affine)


def _rigid(affine: NDArray[np.float64]) -> bool:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.allclose(axes.T @ axes, np.eye(3), atol=1e-5))


def _not_an_image(path: Path, found: object) -> NotAnImageError:
    return NotAnImageError(
        f"Expected a NIfTI image in {path.name}, found something else or a damaged file ({found}).",
        "Export the scan again.",
    )
