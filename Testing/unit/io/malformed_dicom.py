"""DICOM files and series that are no head CT, or say what cannot be."""
# ruff: noqa: E501  one line for each case

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from dicom_maker import enhanced_dataset, head_series, slice_dataset, write_series
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

Change = Callable[[Dataset, int], None]

_BARE = b"\x08\0\x16\0" + struct.pack("<I", 26) + b"1.2.840.10008.5.1.4.1.1.2\0"
_PRIVATE = "1.2.826.0.1.3680043.2.1143.9999.1"


def _series(change: Change = lambda dataset, index: None, **settings: Any) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        write_series(head_series(**settings), folder, change=change)
        return folder

    return made


def _set(only: int | None = None, **values: Any) -> Callable[[Path], Path]:
    """Every slice, or only one, with other values; None removes an element."""

    def change(dataset: Dataset, index: int) -> None:
        if only is None or index == only:
            for name, value in values.items():
                if value is None:
                    delattr(dataset, name)
                else:
                    setattr(dataset, name, value)

    return _series(change)


def _raw(only: int | None = None, **values: bytes) -> Callable[[Path], Path]:
    """Bytes put in place of a value, which pydicom would not write itself: ``keyword=b"..."``."""

    def made(folder: Path) -> Path:
        for index, path in enumerate(write_series(head_series(), folder)):
            if only is None or index == only:
                content = path.read_bytes()
                for before, after in values.items():
                    content = content.replace(_BEFORE[before], after)
                path.write_bytes(content)
        return folder

    return made


_BITS = b"\x28\0\0\x01US\x02\0\x10\0"
_BEFORE = {
    "bits": _BITS,
    "spacing": b"0.5\\0.45",
    "orientation": b"1.0\\0.0\\0.0\\0.0\\1.0\\0.0",
    "pixels": b"\xe0\x7f\x10\x00OW\x00\x00" + struct.pack("<I", 84),
    "rows": b"\x28\x00\x10\x00US\x02\x00\x06\x00",
    "syntax": b"1.2.840.10008.1.2.1\x00",
}


def _half_of_four_gigabytes(folder: Path) -> Path:
    for path in _raw(pixels=b"\xe0\x7f\x10\x00OW\x00\x00\xfe\xff\xff\xff")(folder).iterdir():
        path.write_bytes(path.read_bytes()[:-42])
    return folder


def _syntax(uid: str, pixels: bytes) -> Callable[[Path], Path]:
    """Slices that say they are compressed."""

    def made(folder: Path) -> Path:
        series = head_series()
        for index in range(len(series.stored)):
            dataset = slice_dataset(series, index)
            dataset.file_meta.TransferSyntaxUID = uid
            dataset.PixelData = encapsulate([pixels])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
            dataset.save_as(folder / f"{index}.dcm", implicit_vr=False, little_endian=True)
        return folder

    return made


def _deflated_bomb(folder: Path) -> Path:
    """A megabyte that unpacks to a gigabyte, of which the header is the smallest part."""
    dataset = slice_dataset(head_series(), 0)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = folder / "0.dcm"
    dataset.save_as(path, enforce_file_format=True)
    head = path.read_bytes()
    start = 132 + 12 + struct.unpack("<I", head[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    element = packer.compress(struct.pack("<HH2sHI", 9, 16, b"OB", 0, 1 << 30)) + packer.flush(
        zlib.Z_FULL_FLUSH
    )
    zeros = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(head[:start] + element + zeros * 64 + packer.flush())
    return folder


def _enhanced(change: Callable[[Dataset], None]) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        dataset = enhanced_dataset(head_series())
        change(dataset)
        dataset.save_as(folder / "ct.dcm", enforce_file_format=True)
        return folder / "ct.dcm"

    return made


def _frames(count: int) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        dataset.NumberOfFrames = count

    return change


def _drop(name: str) -> Callable[[Dataset], None]:
    return lambda dataset: delattr(dataset, name)


def _more_frames_than_pixels(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:84]


def _two(**other: Any) -> Callable[[Path], Path]:
    """Two series in one folder."""

    def made(folder: Path) -> Path:
        write_series(head_series(), folder / "a")
        write_series(head_series(seed=1, **other), folder / "b")
        return folder

    return made


def _pdf(folder: Path) -> Path:
    dataset = slice_dataset(head_series(), 0)
    for name in ("Rows", "Columns", "PixelData", "BitsAllocated"):
        delattr(dataset, name)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    dataset.Modality, dataset.MIMETypeOfEncapsulatedDocument = "DOC", "application/pdf"
    dataset.EncapsulatedDocument = b"%PDF-1.4\n%%EOF\n"
    dataset.save_as(folder / "report.dcm", enforce_file_format=True)
    return folder


def _file(content: bytes, name: str = "ct.dcm") -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder

    return made


def _nested(depth: int) -> Callable[[Path], Path]:
    """Sequences in sequences in sequences, none of which says how long it is."""
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    sequence = b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff" + item

    def made(folder: Path) -> Path:
        path = write_series(head_series(slices=1), folder)[0]
        path.write_bytes(path.read_bytes()[: -96 - 8] + sequence * depth)
        return folder

    return made


def _copied_positions(folder: Path) -> Path:
    series = head_series()
    series.positions[:] = series.positions[0]
    write_series(series, folder)
    return folder


def _two_at_one_place(folder: Path) -> Path:
    series = head_series()
    series.positions[3] = series.positions[2]
    write_series(series, folder)
    return folder


def _same_uid(folder: Path) -> Path:
    """Different slices that all claim to be the same one: only one is left, too few for a volume."""
    write_series(
        head_series(), folder, change=lambda d, i: (setattr(d, "SOPInstanceUID", "1.2.3"), delattr(d, "SliceThickness"))
    )  # fmt: skip
    return folder


def _beside_the_line(folder: Path) -> Path:
    series = head_series()
    series.positions[2, 0] += 90
    write_series(series, folder)
    return folder


def _j2k(side: int) -> bytes:
    """The start of a JPEG 2000 codestream whose picture has ``side`` pixels a side."""
    siz = struct.pack(">HIIIIIIIIH", 0, side, side, 0, 0, side, side, 0, 0, 1) + b"\x0f\x01\x01"
    cod = b"\xff\x52" + struct.pack(">HBBHBBBBBB", 12, 0, 0, 1, 0, 5, 4, 4, 0, 1)
    qcd = b"\xff\x5c" + struct.pack(">HB", 19, 0x40) + bytes(range(0x48, 0x58))
    sot = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 0, 0, 1) + b"\xff\x93" + bytes(40) + b"\xff\xd9"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(siz) + 2) + siz + cod + qcd + sot


def _jpeg(marker: bytes, side: int) -> bytes:
    frame = struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 0x3F, 0)
    return b"\xff\xd8" + marker + struct.pack(">H", len(frame) + 2) + frame + scan + bytes(60) + b"\xff\xd9"


def _good_series(folder: Path) -> Path:
    write_series(head_series(slices=3), folder)
    return folder


GOOD = {
    "series": _good_series,
    "enhanced": _enhanced(lambda dataset: None),
}

CASES: dict[str, Callable[[Path], Path]] = {
    "zero bytes": _file(b""),
    "text": _file(b"patient,volume\n" * 40),
    "a preamble and nothing": _file(bytes(128) + b"DICM"),
    "a preamble and noise": _file(bytes(128) + b"DICM" + bytes(range(256)) * 8),
    "a bare data set and noise": _file(_BARE + bytes(range(256)) * 8),
    "a bare data set with a description of four gigabytes": _file(_BARE + b"\x28\0\0\0" + b"\xfe\xff\xff\xff" + bytes(99)),
    "an encapsulated PDF": _pdf,
    "MR": _series(modality="MR"),
    "PET with CT's tags": _set(Modality="PT"),
    "no modality": _set(Modality=None),
    "an empty modality": _set(Modality=""),
    "no position": _set(ImagePositionPatient=None),
    "no orientation": _set(ImageOrientationPatient=None),
    "no pixel spacing": _set(PixelSpacing=None),
    "no rows": _set(Rows=None),
    "no columns": _set(Columns=None),
    "no pixels": _set(PixelData=None),
    "no bits": _raw(bits=b""),
    "5 bits a pixel": _raw(bits=_BITS[:8] + b"\x05\0"),
    "64 bits a pixel": _raw(bits=_BITS[:8] + b"\x40\0"),
    "no pixels in one slice": _set(only=2, PixelData=None),
    "no position in one slice, two of another series": _set(only=2, SeriesInstanceUID="1.2.3"),
    "no series, no thickness, one slice": _series(
        lambda d, i: (delattr(d, "SeriesInstanceUID"), delattr(d, "SliceThickness")), slices=1
    ),
    "position of two numbers": _set(ImagePositionPatient=[1, 2]),
    "position NaN": _raw(orientation=b"nan\\0.0\\0.0\\0.0\\1.0\\0.0"),
    "an orientation of zeros": _set(ImageOrientationPatient=[0] * 6),
    "an orientation along one line": _set(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
    "an orientation of words": _raw(orientation=b"one\\two\\tri\\for\\fiv\\six"),
    "a long orientation": _set(ImageOrientationPatient=[9, 0, 0, 0, 9, 0]),
    "mixed orientations": _series(
        lambda d, i: setattr(d, "ImageOrientationPatient", [0, 1, 0, 0, 0, -1]) if i % 2 else None, slices=12
    ),
    "spacing 0": _set(PixelSpacing=[0, 0.5]),
    "spacing negative": _set(PixelSpacing=[-0.5, -0.5]),
    "spacing NaN": _raw(spacing=b"nan\\nan "),
    "spacing of a kilometre": _set(PixelSpacing=[1e6, 1e6]),
    "spacing of a nanometre": _set(PixelSpacing=[1e-6, 1e-6]),
    "spacing of one number": _set(PixelSpacing=[0.5]),
    "spacings that differ": _set(only=2, PixelSpacing=[0.9, 0.9]),
    "sizes that differ": _series(lambda d, i: (setattr(d, "Rows", 3), setattr(d, "Columns", 14)) if i == 2 else None),
    "slices a kilometre apart": _series(distance=1e6),
    "all slices at one place": _copied_positions,
    "two slices at one place": _two_at_one_place,
    "one slice beside the others": _beside_the_line,
    "one UID for all": _same_uid,
    "two series": _two(),
    "two reconstructions of one series UID": _two(uid="1.2.3", study="1.2.4"),
    "only scouts": _series(image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"), slices=2),
    "no rescale to HU": _series(lambda d, i: setattr(d, "RescaleType", "OD")),
    "colours": _set(SamplesPerPixel=3, PhotometricInterpretation="RGB"),
    "65535 rows": _set(Rows=65535),
    "65535 x 65535 pixels": _set(Rows=65535, Columns=65535),
    "no rows at all": _set(Rows=0),
    "pixels of no stated length, never ending": _raw(pixels=b"\xe0\x7f\x10\x00OW\x00\x00\xff\xff\xff\xff"),
    "a description claimed to be four gigabytes": _raw(rows=b"\x28\x00\x10\x00UT\x00\x00\xfe\xff\xff\xff"),
    "half the pixels, claimed to be four gigabytes": _half_of_four_gigabytes,
    "half the pixels": _series(lambda d, i: setattr(d, "PixelData", d.PixelData[:42])),
    "several frames without places": _set(NumberOfFrames=5),
    "10^9 frames": _set(NumberOfFrames=10**9),
    "-1 frames": _set(NumberOfFrames=-1),
    "a private transfer syntax": _syntax(_PRIVATE, b"anything"),
    "video": _syntax(MPEG2MPML, b"anything"),
    "RLE of noise": _syntax(RLELossless, bytes(range(200))),
    "RLE that unpacks to too much": _syntax(RLELossless, struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 4000),
    "JPEG of noise": _syntax(JPEGBaseline8Bit, bytes(range(200))),
    "JPEG-LS of noise": _syntax(JPEGLSLossless, bytes(range(200))),
    "JPEG 2000 of noise": _syntax(JPEG2000Lossless, bytes(range(200))),
    "JPEG of 65000 pixels a side": _syntax(JPEGBaseline8Bit, _jpeg(b"\xff\xc0", 65000)),
    "JPEG-LS of 65000 pixels a side": _syntax(JPEGLSLossless, _jpeg(b"\xff\xf7", 65000)),
    "JPEG 2000 of 60000 pixels a side": _syntax(JPEG2000Lossless, _j2k(60000)),
    "JPEG 2000 of next to nothing": _syntax(JPEG2000Lossless, b"\xff\x4f"),
    "big endian that is little": _raw(syntax=ExplicitVRBigEndian.encode() + b"\0"),
    "a deflated bomb": _deflated_bomb,
    "sequences 3,000 deep": _nested(3000),
    "sequences 100,000 deep": _nested(100_000),
    "enhanced: 10^9 frames": _enhanced(_frames(10**9)),
    "enhanced: no groups": _enhanced(_drop("PerFrameFunctionalGroupsSequence")),
    "enhanced: no shared groups": _enhanced(_drop("SharedFunctionalGroupsSequence")),
    "enhanced: pixels of one frame": _enhanced(_more_frames_than_pixels),
    "enhanced: no pixels": _enhanced(_drop("PixelData")),
    "a noise of tags": _file(bytes(128) + b"DICM" + np.random.default_rng(0).bytes(5000)),
}  # fmt: skip
