"""NRRD and MetaImage files, whose headers are text that may name other files."""
# ruff: noqa: E501  one line for each case

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import SimpleITK as sitk
from io_grids import voxels

_VOXELS = voxels().tobytes()

_NRRD = {
    "type": "short",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "7 6 5",
    "space directions": "(0.5,0,0) (0,0.5,0) (0,0,5)",
    "kinds": "domain domain domain",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(0,0,0)",
}
_META = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "0 0 0",
    "ElementSpacing": "0.5 0.5 5",
    "DimSize": "7 6 5",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}

_LAST = "ElementDataFile"
Change = dict[str, str | None]


def nrrd(
    changes: Change | None = None,
    data: bytes = _VOXELS,
    name: str = "ct.nrrd",
    extra: str = "",
    first: str = "NRRD0004",
) -> Callable[[Path], Path]:
    """A NRRD with other fields (None leaves one out) and other bytes behind the header."""
    fields = {key: value for key, value in {**_NRRD, **(changes or {})}.items() if value is not None}
    header = "\n".join([first, *(f"{key}: {value}" for key, value in fields.items())]) + f"\n{extra}\n"
    return _writer(name, header.encode("utf-8", "surrogateescape") + data)


def meta(
    changes: Change | None = None, data: bytes = _VOXELS, name: str = "ct.mha"
) -> Callable[[Path], Path]:
    fields = {key: value for key, value in {**_META, **(changes or {})}.items() if value is not None}
    if _LAST in fields:
        fields[_LAST] = fields.pop(_LAST)
    header = "".join(f"{key} = {value}\n" for key, value in fields.items())
    return _writer(name, header.encode("utf-8", "surrogateescape") + data)


def _writer(name: str, content: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return made


def _outside(make: Callable[[str], Callable[[Path], Path]], absolute: bool) -> Callable[[Path], Path]:
    """A header in a folder of its own that names the voxels in the folder above."""

    def made(folder: Path) -> Path:
        (folder / "secret.raw").write_bytes(_VOXELS)
        (folder / "given").mkdir()
        return make(str(folder / "secret.raw") if absolute else "../secret.raw")(folder / "given")

    return made


def _linked(folder: Path) -> Path:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "secret.raw").write_bytes(_VOXELS)
    (folder / "given").mkdir()
    (folder / "given" / "ct.raw").symlink_to(folder / "elsewhere" / "secret.raw")
    return meta({"ElementDataFile": "ct.raw"}, b"", "ct.mhd")(folder / "given")


def _nrrd_names(file: str) -> Callable[[Path], Path]:
    return nrrd({"data file": file}, b"", "ct.nhdr")


def _meta_names(file: str) -> Callable[[Path], Path]:
    return meta({"ElementDataFile": file}, b"", "ct.mhd")


def _beside(make: Callable[[Path], Path], name: str, content: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return make(folder)

    return made


def _folder_for_voxels(folder: Path) -> Path:
    (folder / "ct.raw").mkdir()
    return _meta_names("ct.raw")(folder)


def _good(name: str, compressed: bool) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        sitk.WriteImage(sitk.GetImageFromArray(voxels()), str(folder / name), useCompression=compressed)
        return folder / name

    return made


def _bomb() -> bytes:
    pack = gzip.compress(bytes(1 << 24), 9)
    return pack * 128  # a gzip may hold several parts: two gigabytes of zeros in two megabytes


GOOD = {
    ".nrrd": _good("ct.nrrd", False),
    ".nrrd, compressed": _good("ct.nrrd", True),
    ".mha": _good("ct.mha", False),
    ".mha, compressed": _good("ct.mha", True),
    ".mhd": _good("ct.mhd", False),
    ".nhdr": _good("ct.nhdr", False),
}

_HUGE = "1000000000 1000000000 1000000000"

CASES: dict[str, Callable[[Path], Path]] = {
    **{f"zero bytes, {end}": _writer(f"ct{end}", b"") for end in (".nrrd", ".nhdr", ".mha", ".mhd")},
    **{f"binary, {end}": _writer(f"ct{end}", bytes(range(256)) * 9) for end in (".nrrd", ".nhdr", ".mha", ".mhd")},
    **{f"one endless line, {end}": _writer(f"ct{end}", b"NRRD0004\n" * (end[1] == "n") + b"x" * 3_000_000) for end in (".nrrd", ".mha")},
    "nrrd: nothing but the first line": _writer("ct.nrrd", b"NRRD0004\n"),
    "nrrd: a version that is not": nrrd(first="NRRD9999"),
    "nrrd: another program's": nrrd(first="DNRR0004"),
    "nrrd: 10^9 voxels a side": nrrd({"sizes": _HUGE}),
    "nrrd: 10^9 voxels a side, gzip": nrrd({"sizes": _HUGE, "encoding": "gzip"}, gzip.compress(_VOXELS)),
    "nrrd: 2 GB in a few bytes": nrrd({"sizes": "1024 1024 1024"}),
    "nrrd: 2 GB in a few bytes, gzip": nrrd({"sizes": "1024 1024 1024", "encoding": "gzip"}, gzip.compress(_VOXELS)),
    "nrrd: a bomb that claims what it unpacks to": nrrd({"sizes": "1024 1024 1024", "encoding": "gzip"}, _bomb()),
    "nrrd: more than 64 bits of voxels": nrrd({"sizes": "9223372036854775807 9223372036854775807 3"}),
    "nrrd: sizes that overflow to few": nrrd({"sizes": "4294967296 4294967296 4294967296"}),
    "nrrd: negative size": nrrd({"sizes": "7 -6 5"}),
    "nrrd: no voxels along an axis": nrrd({"sizes": "7 0 5"}),
    "nrrd: sizes that are no numbers": nrrd({"sizes": "seven six five"}),
    "nrrd: sizes with fractions": nrrd({"sizes": "7.5 6 5"}),
    "nrrd: too few sizes": nrrd({"sizes": "7 6"}),
    "nrrd: no sizes": nrrd({"sizes": None}),
    "nrrd: no type": nrrd({"type": None}),
    "nrrd: no dimension": nrrd({"dimension": None}),
    "nrrd: no encoding": nrrd({"encoding": None}),
    "nrrd: dimension 0": nrrd({"dimension": "0", "sizes": ""}),
    "nrrd: dimension 17": nrrd({"dimension": "17"}),
    "nrrd: dimension -1": nrrd({"dimension": "-1"}),
    "nrrd: dimension 10^12": nrrd({"dimension": "1000000000000"}),
    "nrrd: flat": nrrd({"dimension": "2", "sizes": "7 30", "space": None, "space directions": None, "kinds": None, "space origin": None}),
    "nrrd: type block": nrrd({"type": "block", "block size": "100000000000"}),
    "nrrd: an unknown type": nrrd({"type": "quaternion"}),
    "nrrd: an unknown encoding": nrrd({"encoding": "rot13"}),
    "nrrd: encoding gzip, raw data": nrrd({"encoding": "gzip"}),
    "nrrd: encoding bzip2, raw data": nrrd({"encoding": "bzip2"}),
    "nrrd: encoding text, raw data": nrrd({"encoding": "text"}),
    "nrrd: encoding hex, raw data": nrrd({"encoding": "hex"}),
    "nrrd: no byte order": nrrd({"endian": None}),
    "nrrd: skips a terabyte": nrrd({"byte skip": "1000000000000"}),
    "nrrd: skips before the start": nrrd({"byte skip": "-1000000"}),
    "nrrd: skips 10^12 lines": nrrd({"line skip": "1000000000000"}),
    "nrrd: skips a terabyte of gzip": nrrd({"byte skip": "1000000000000", "encoding": "gzip"}, gzip.compress(_VOXELS)),
    "nrrd: spacing 0": nrrd({"space directions": "(0,0,0) (0,0.5,0) (0,0,5)"}),
    "nrrd: spacing NaN": nrrd({"space directions": "(nan,0,0) (0,0.5,0) (0,0,5)"}),
    "nrrd: spacing infinite": nrrd({"space directions": "(inf,0,0) (0,0.5,0) (0,0,5)"}),
    "nrrd: spacing of a kilometre": nrrd({"space directions": "(0.5,0,0) (0,0.5,0) (0,0,1000000)"}),
    "nrrd: flat directions": nrrd({"space directions": "(0.5,0,0) (0.5,0,0) (0,0,5)"}),
    "nrrd: directions that are no vectors": nrrd({"space directions": "left up down"}),
    "nrrd: too few directions": nrrd({"space directions": "(0.5,0,0) (0,0.5,0)"}),
    "nrrd: directions of a thousand numbers": nrrd({"space directions": "(" + "1," * 1000 + "1)"}),
    "nrrd: origin NaN": nrrd({"space origin": "(nan,0,0)"}),
    "nrrd: an unknown space": nrrd({"space": "outer"}),
    "nrrd: colours": nrrd({"dimension": "4", "sizes": "3 7 6 5", "kinds": "RGB-color domain domain domain", "space directions": "none (0.5,0,0) (0,0.5,0) (0,0,5)", "type": "uchar"}, bytes(630)),
    "nrrd: layers without a description": nrrd({"dimension": "4", "sizes": "2 7 6 5", "kinds": "list domain domain domain", "space directions": "none (0.5,0,0) (0,0.5,0) (0,0,5)"}, _VOXELS * 2),
    "nrrd: time": nrrd({"dimension": "4", "sizes": "7 6 5 2", "kinds": "domain domain domain list", "space directions": "(0.5,0,0) (0,0.5,0) (0,0,5) none"}, _VOXELS * 2),
    "nrrd: text that is not UTF-8 in a segment": nrrd({"sizes": "7 6 6"}, extra="Segment0_Name:=\udcff\udcfe\n"),
    "nrrd: a megabyte of comments": nrrd({"sizes": "7 6 6"}, extra="# nothing\n" * 200_000),
    "nrrd: 100,000 keys": nrrd({"sizes": "7 6 6"}, extra="".join(f"key{n}:=value\n" for n in range(100_000))),
    "nrrd: a field twice": nrrd(extra="sizes: 9 9 9\n"),
    "nrrd: voxels in the folder above": _outside(_nrrd_names, absolute=False),
    "nrrd: voxels at an absolute path": _outside(_nrrd_names, absolute=True),
    "nrrd: voxels in an attached header's file elsewhere": _outside(lambda file: nrrd({"data file": file}, b"", "ct.nrrd"), absolute=False),
    "nrrd: datafile, the other spelling": _outside(lambda file: nrrd({"datafile": file}, b"", "ct.nhdr"), absolute=False),
    "nrrd: voxels in a device": _nrrd_names("/dev/zero"),
    "nrrd: voxels in standard input": _nrrd_names("-"),
    "nrrd: voxels in a list of files": nrrd({"data file": "LIST\n../a.raw\n/etc/passwd"}, b"", "ct.nhdr"),
    "nrrd: voxels in 10^9 files": _nrrd_names("%09d.raw 1 1000000000 1 2"),
    "nrrd: voxels in a file with a printf trick": _nrrd_names("%s%s%s%n 1 5 1 2"),
    "nrrd: voxels in a file without a name": _nrrd_names(""),
    "nrrd: voxels that are not there": _nrrd_names("absent.raw"),
    "nrrd: voxels that are the header": _nrrd_names("ct.nhdr"),
    "nrrd: voxels in too small a file": _beside(_nrrd_names("ct.raw"), "ct.raw", b"few"),
    "meta: 10^9 voxels a side": meta({"DimSize": _HUGE}),
    "meta: 10^9 voxels a side, compressed": meta({"DimSize": _HUGE, "CompressedData": "True"}),
    "meta: 2 GB in a few bytes": meta({"DimSize": "1024 1024 1024"}),
    "meta: 2 GB in a few bytes, compressed": meta({"DimSize": "1024 1024 1024", "CompressedData": "True"}),
    "meta: sizes that overflow to few": meta({"DimSize": "65536 65536 65536"}),
    "meta: sizes beyond 32 bits": meta({"DimSize": "4294967303 6 5"}),
    "meta: negative size": meta({"DimSize": "7 -6 5"}),
    "meta: no voxels along an axis": meta({"DimSize": "7 0 5"}),
    "meta: sizes that are no numbers": meta({"DimSize": "seven six five"}),
    "meta: too few sizes": meta({"DimSize": "7 6"}),
    "meta: no sizes": meta({"DimSize": None}),
    "meta: no type": meta({"ElementType": None}),
    "meta: no axes": meta({"NDims": None}),
    "meta: 0 axes": meta({"NDims": "0"}),
    "meta: 100 axes": meta({"NDims": "100"}),
    "meta: -3 axes": meta({"NDims": "-3"}),
    "meta: flat": meta({"NDims": "2", "DimSize": "7 30", "ElementSpacing": "1 1", "Offset": "0 0", "TransformMatrix": "1 0 0 1"}),
    "meta: an unknown type": meta({"ElementType": "MET_QUATERNION"}),
    "meta: a string": meta({"ElementType": "MET_STRING"}),
    "meta: 10^9 channels": meta({"ElementNumberOfChannels": "1000000000"}),
    "meta: -1 channels": meta({"ElementNumberOfChannels": "-1"}),
    "meta: colours": meta({"ElementNumberOfChannels": "3", "ElementType": "MET_UCHAR"}, bytes(630)),
    "meta: a header of a terabyte": meta({"HeaderSize": "1000000000000"}),
    "meta: a header of negative size": meta({"HeaderSize": "-50"}),
    "meta: compressed size beyond the file": meta({"CompressedData": "True", "CompressedDataSize": "4000000000"}),
    "meta: compressed size negative": meta({"CompressedData": "True", "CompressedDataSize": "-5"}),
    "meta: not really compressed": meta({"CompressedData": "True"}),
    "meta: text instead of voxels": meta({"BinaryData": "False"}, b"one two three"),
    "meta: spacing 0": meta({"ElementSpacing": "0 0.5 5"}),
    "meta: spacing NaN": meta({"ElementSpacing": "nan 0.5 5"}),
    "meta: spacing of a kilometre": meta({"ElementSpacing": "0.5 0.5 1000000"}),
    "meta: too few spacings": meta({"ElementSpacing": "0.5"}),
    "meta: flat directions": meta({"TransformMatrix": "1 0 0 1 0 0 0 0 1"}),
    "meta: directions of NaN": meta({"TransformMatrix": "nan nan nan nan nan nan nan nan nan"}),
    "meta: an enormous direction": meta({"TransformMatrix": "1e300 0 0 0 1e300 0 0 0 1e300"}),
    "meta: origin NaN": meta({"Offset": "nan 0 0"}),
    "meta: another kind of object": meta({"ObjectType": "Mesh"}),
    "meta: a line without end": meta({"Comment": "x" * 1_000_000, "DimSize": "7 6 6"}),
    "meta: text that is not UTF-8": meta({"Comment": "\udcff\udcfe", "DimSize": "7 6 6"}),
    "nrrd: voxels in the folder above, as Windows writes it": _nrrd_names("..\\secret.raw"),
    "meta: voxels in the folder above, as Windows writes it": _meta_names("..\\secret.raw"),
    "meta: voxels in the folder above": _outside(_meta_names, absolute=False),
    "meta: voxels at an absolute path": _outside(_meta_names, absolute=True),
    "meta: voxels in a .mha's file elsewhere": _outside(lambda file: meta({"ElementDataFile": file}, b"", "ct.mha"), absolute=False),
    "meta: voxels in a device": _meta_names("/dev/zero"),
    "meta: voxels in a list of files": meta({"ElementDataFile": "LIST 2"}, b"../a.raw\n/etc/passwd\n", "ct.mhd"),
    "meta: voxels in 10^9 files": _meta_names("%09d.raw 1 1000000000 1"),
    "meta: voxels in a file with a printf trick": _meta_names("%s%s%s%n 1 5 1"),
    "meta: voxels that are not there": _meta_names("absent.raw"),
    "meta: voxels in a folder": _folder_for_voxels,
    "meta: voxels in too small a file": _beside(_meta_names("ct.raw"), "ct.raw", b"few"),
    "meta: no voxels named": meta({"ElementDataFile": None}),
}  # fmt: skip

if sys.platform != "win32":
    CASES["meta: voxels behind a link"] = _linked
