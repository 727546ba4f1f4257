"""A scan node for the library: as a volume in memory, or as a file for the process that segments it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.io.hounsfield import as_hounsfield
from ICHSegmentationLib.io.nifti_slices import extension_bytes
from ICHSegmentationLib.volume import CTVolume

from .scan_checks import check_values, check_volume_node
from .scan_geometry import shape_of, world_affine, world_stack

__all__ = ["check_scan", "ct_of", "voxels_of", "world_affine", "write_scan"]

_HEADER_BYTES = 348
_DATATYPES = {np.dtype(np.int16): 4, np.dtype(np.float32): 16}
_MILLIMETRES, _SCANNER = 2, 1


def check_scan(node: slicer.vtkMRMLNode | None) -> None:
    """Raise an error with a sentence for the user unless the node is a head CT that can be segmented.

    Raises:
        InputError: or one of its kinds, see :mod:`.scan_checks` and :func:`.scan_geometry.world_stack`.
    """
    check_volume_node(node)
    check_values(voxels_of(node))
    world_stack(node)


def voxels_of(scan: slicer.vtkMRMLScalarVolumeNode) -> NDArray[Any]:
    """The scan's own voxels ``[D, H, W]``, not a copy."""
    return vtk_to_numpy(scan.GetImageData().GetPointData().GetScalars()).reshape(shape_of(scan))


def ct_of(scan: slicer.vtkMRMLScalarVolumeNode) -> CTVolume:
    """The scan as the library has it: ``[D, H, W]`` in HU (int16 or float32), placed in the world.

    Voxels of a scan stored as int16 are the node's own, not a copy.

    Raises:
        GeometryError: see :func:`.scan_geometry.world_stack`.
    """
    stack = world_stack(scan)
    return CTVolume(as_hounsfield(voxels_of(scan)), stack.affine, slice_positions_mm=stack.slice_positions_mm)


def write_scan(scan: slicer.vtkMRMLScalarVolumeNode, path: Path) -> Path:
    """Write the scan as an uncompressed NIfTI file; its voxel [k, j, i] is that of the node.

    Slices that lie unevenly are told in a comment, see :mod:`ICHSegmentationLib.io.nifti_slices`.

    Written by hand: Slicer brings no nibabel, and ITK refuses the shear that a tilted gantry gives.
    Format: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h

    Args:
        path: ends in ``.nii``.

    Raises:
        GeometryError: see :func:`.scan_geometry.world_stack`.
        NotWritableError, DiskFullError, OutputError: the file cannot be written.
    """
    ct = ct_of(scan)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        extension = extension_bytes(ct.slice_positions_mm)
        file.write(_nifti_header(ct, _HEADER_BYTES + len(extension)) + extension)
        ct.voxels.tofile(file)
    return path


def _nifti_header(ct: CTVolume, voxels_at: int) -> bytes:
    slices, rows, columns = ct.grid.shape
    header = bytearray(_HEADER_BYTES)
    for offset, layout, values in (
        (0, "i", [348]),
        (40, "8h", [3, columns, rows, slices, 1, 1, 1, 1]),
        (70, "2h", [_DATATYPES[ct.voxels.dtype], 8 * ct.voxels.itemsize]),
        (76, "8f", [1.0, *ct.grid.spacing[::-1], 0.0, 0.0, 0.0, 0.0]),
        (108, "3f", [voxels_at, 1.0, 0.0]),  # and slope, intercept
        (123, "B", [_MILLIMETRES]),
        (252, "2h", [0, _SCANNER]),  # no qform, which cannot hold shear; the sform says it all
        (280, "12f", ct.affine[:3].ravel()),
        (344, "4s", [b"n+1"]),
    ):
        struct.pack_into(f"={layout}", header, offset, *values)
    return bytes(header)
