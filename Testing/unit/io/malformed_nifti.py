"""NIfTI files that say what cannot be."""
# ruff: noqa: E501  one line for each case

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from io_grids import GRIDS, voxels

# Where a NIfTI-1 header holds what: https://nifti.nimh.nih.gov/nifti-1
_DIM, _DATATYPE, _PIXDIM, _VOX_OFFSET, _SLOPE = 40, 70, 76, 108, 112
_QFORM, _SFORM, _QUATERN, _SROW, _MAGIC = 252, 254, 256, 280, 344


def whole() -> bytes:
    return nib.Nifti1Image(voxels().T, GRIDS["oblique"]).to_bytes()


def _with(*changes: tuple[int, str, tuple], name: str = "ct.nii") -> Callable[[Path], Path]:
    """A good file with numbers (``struct`` format) written over its header."""

    def made(folder: Path) -> Path:
        content = bytearray(whole())
        for at, form, numbers in changes:
            struct.pack_into(form, content, at, *numbers)
        path = folder / name
        path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
        return path

    return made


def _file(name: str, content: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return made


def _dims(*numbers: int) -> tuple[int, str, tuple]:
    return _DIM, "<8h", (len(numbers), *numbers, *[1] * (7 - len(numbers)))


_NAN, _INF = float("nan"), float("inf")
_NO_FORM = (_QFORM, "<2h", (0, 0))
_SFORM_ONLY = (_QFORM, "<2h", (0, 1))


def _pixdim(*mm: float) -> Callable[[Path], Path]:
    return _with(_NO_FORM, (_PIXDIM + 4, "<3f", mm))


def _srows(*rows: float) -> Callable[[Path], Path]:
    return _with(_SFORM_ONLY, (_SROW, "<12f", rows))


def _nifti2(*shape: int) -> Callable[[Path], Path]:
    content = bytearray(nib.Nifti2Image(voxels().T, GRIDS["oblique"]).to_bytes())
    struct.pack_into("<8q", content, 16, len(shape), *shape, *[1] * (7 - len(shape)))
    return _file("ct.nii", bytes(content))


def _bomb(*dims: int) -> Callable[[Path], Path]:
    """Two megabytes that unpack to two gigabytes of zeros behind a good header: a .gz may have many parts."""

    def made(folder: Path) -> Path:
        header = bytearray(whole()[:352])
        struct.pack_into("<8h", header, _DIM, len(dims), *dims, *[1] * (7 - len(dims)))
        (folder / "ct.nii.gz").write_bytes(gzip.compress(header) + gzip.compress(bytes(1 << 24)) * 128)
        return folder / "ct.nii.gz"

    return made


def _of_type(dtype: str) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        image = nib.Nifti1Image(np.zeros((7, 6, 5), dtype), np.eye(4))
        nib.save(image, folder / "ct.nii.gz")
        return folder / "ct.nii.gz"

    return made


def _rgb(folder: Path) -> Path:
    colours = np.zeros((7, 6, 5), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nib.save(nib.Nifti1Image(colours, np.eye(4)), folder / "ct.nii")
    return folder / "ct.nii"


def _good(name: str) -> Callable[[Path], Path]:
    content = whole()
    return _file(name, gzip.compress(content) if name.endswith(".gz") else content)


GOOD = {".nii": _good("ct.nii"), ".nii.gz": _good("ct.nii.gz")}

CASES: dict[str, Callable[[Path], Path]] = {
    "zero bytes": _file("ct.nii", b""),
    "zero bytes, .gz": _file("ct.nii.gz", b""),
    "text": _file("ct.nii", b"patient,volume\n" * 40),
    "text called .gz": _file("ct.nii.gz", b"patient,volume\n" * 40),
    "zeros": _file("ct.nii", bytes(5000)),
    "0xff": _file("ct.nii", b"\xff" * 5000),
    "a gzip of nothing": _file("ct.nii.gz", gzip.compress(b"")),
    "a gzip in a gzip": _file("ct.nii.gz", gzip.compress(gzip.compress(whole()))),
    "a gzip with a wrong checksum": _file("ct.nii.gz", gzip.compress(whole())[:-8] + bytes(8)),
    "a PNG called .nii": _file("ct.nii", b"\x89PNG\r\n\x1a\n" + bytes(600)),
    "30000 voxels a side": _with(_dims(30000, 30000, 30000)),
    "30000 voxels a side, .gz": _with(_dims(30000, 30000, 30000), name="ct.nii.gz"),
    "1024 x 1024 x 512 in a few bytes": _with(_dims(1024, 1024, 512)),
    "1024 x 1024 x 512 in a few bytes, .gz": _with(_dims(1024, 1024, 512), name="ct.nii.gz"),
    "one slice more than there is": _with(_dims(7, 6, 6)),
    "10^9 voxels a side (NIfTI-2)": _nifti2(10**9, 10**9, 10**9),
    "2^62 voxels a side (NIfTI-2)": _nifti2(2**62, 4, 4),
    "negative size (NIfTI-2)": _nifti2(-7, 6, 5),
    "no voxels along an axis": _with(_dims(7, 0, 5)),
    "negative size": _with(_dims(7, -6, 5)),
    "no axes": _with((_DIM, "<h", (0,))),
    "negative number of axes": _with((_DIM, "<h", (-3,))),
    "900 axes": _with((_DIM, "<h", (900,))),
    "one axis": _with(_dims(210)),
    "a flat image": _with(_dims(7, 30)),
    "several volumes": _with(_dims(7, 6, 1, 5)),
    "seven axes": _with(_dims(7, 6, 5, 2, 2, 2, 2)),
    "an unknown type of numbers": _with((_DATATYPE, "<h", (77,))),
    "no type of numbers": _with((_DATATYPE, "<h", (0,))),
    "colours": _rgb,
    "complex numbers": _of_type("complex64"),
    "long double": _with((_DATATYPE, "<2h", (1536, 128))),
    "voxels at the end of the world": _with((_VOX_OFFSET, "<f", (1e30,))),
    "voxels at the end of the world, .gz": _with((_VOX_OFFSET, "<f", (3e9,)), name="ct.nii.gz"),
    "voxels before the file": _with((_VOX_OFFSET, "<f", (-500.0,))),
    "voxels nowhere": _with((_VOX_OFFSET, "<f", (_NAN,))),
    "voxels within the header": _with((_VOX_OFFSET, "<f", (16.0,))),
    "an extension of two gigabytes": _with((_VOX_OFFSET, "<f", (2e9,)), (348, "<4B2i", (1, 0, 0, 0, 2**31 - 16, 6))),
    "an extension of two gigabytes, .gz": _with(
        (_VOX_OFFSET, "<f", (2e9,)), (348, "<4B2i", (1, 0, 0, 0, 2**31 - 16, 6)), name="ct.nii.gz"
    ),
    "an extension of negative size": _with((_VOX_OFFSET, "<f", (400.0,)), (348, "<4B2i", (1, 0, 0, 0, -16, 6))),
    "an extension of no size": _with((_VOX_OFFSET, "<f", (400.0,)), (348, "<4B2i", (1, 0, 0, 0, 0, 6))),
    "spacing 0": _pixdim(0, 0.5, 5),
    "spacing NaN": _pixdim(_NAN, 0.5, 5),
    "spacing infinite": _pixdim(0.5, _INF, 5),
    "spacing of a kilometre": _pixdim(0.5, 0.5, 1e6),
    "spacing of a nanometre": _pixdim(0.5, 1e-6, 5),
    "sform of NaN": _with((_SROW, "<12f", (_NAN,) * 12), _SFORM_ONLY, (_PIXDIM + 4, "<3f", (_NAN,) * 3)),
    "a flat sform and no spacing": _with(
        (_SROW, "<12f", (1, 1, 0, 0) * 3), _SFORM_ONLY, (_PIXDIM + 4, "<3f", (0, 0, 0))
    ),
    "an enormous sform": _srows(1e30, 0, 0, 0, 0, 1e30, 0, 0, 0, 0, 1e30, 0),
    "an sform of nanometres": _srows(1e-6, 0, 0, 0, 0, 1e-6, 0, 0, 0, 0, 5, 0),
    "a quaternion of NaN": _with((_QFORM, "<2h", (1, 0)), (_QUATERN, "<3f", (_NAN,) * 3), (_PIXDIM + 4, "<3f", (0,) * 3)),
    "a quaternion longer than 1": _with((_QFORM, "<2h", (1, 0)), (_QUATERN, "<3f", (9, 9, 9)), (_PIXDIM + 4, "<3f", (0,) * 3)),
    "an infinite origin": _srows(1, 0, 0, _INF, 0, 1, 0, 0, 0, 0, 1, 0),
    "slope NaN": _with((_SLOPE, "<2f", (_NAN, 1.0)), _dims(7, 6, 6)),
    "a wrong magic": _with((_MAGIC, "4s", (b"nope",))),
    "voxels in another file": _with((_MAGIC, "4s", (b"ni1\0",)), _dims(7, 6, 6)),
    "a wrong size of header": _with((0, "<i", (12345,))),
    "the other byte order in a part": _with((_DIM, ">8h", (3, 7, 6, 5, 1, 1, 1, 1))),
    "a bomb that claims what it unpacks to": _bomb(1024, 1024, 1024),
}  # fmt: skip
