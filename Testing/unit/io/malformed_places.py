"""Paths that lead nowhere, in circles, or to what is no file."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

Make = Callable[[Path], Path]


def _folder(*names: str) -> Make:
    def made(folder: Path) -> Path:
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return folder

    return made


def _folder_called(name: str) -> Make:
    def made(folder: Path) -> Path:
        (folder / name).mkdir()
        return folder / name

    return made


def _link(name: str, to: str) -> Make:
    def made(folder: Path) -> Path:
        (folder / name).symlink_to(to)
        return folder / name

    return made


def _circle(folder: Path) -> Path:
    (folder / "a").mkdir()
    (folder / "a" / "up").symlink_to("..", target_is_directory=True)
    (folder / "a" / "self.dcm").symlink_to("self.dcm")
    return folder


def _pipe(name: str) -> Make:
    def made(folder: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    return made


def _folder_with_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "ct.dcm")
    return folder


def _nowhere(name: str) -> Make:
    return lambda folder: folder / name


def _at(path: str) -> Make:
    return lambda folder: Path(path)


GOOD: dict[str, Make] = {}

CASES: dict[str, Make] = {
    "nothing there": _nowhere("ct.nii.gz"),
    "a name that is too long": _nowhere("x" * 5000 + ".nii"),
    "a zero in the name": _nowhere("ct\0.nii"),
    "an empty folder": _folder(),
    "a folder of other files": _folder("notes.txt", "deeper/ct.csv"),
    "an ending nobody knows": lambda folder: _folder("ct.xyz")(folder) / "ct.xyz",
    "no ending": lambda folder: _folder("ct")(folder) / "ct",
    **{f"a folder called ct{e}": _folder_called(f"ct{e}") for e in (".nii.gz", ".nrrd", ".mha", ".dcm")},
}  # fmt: skip

if sys.platform != "win32":
    CASES |= {
        **{f"a link to itself, {end}": _link(f"ct{end}", f"ct{end}") for end in (".nii", ".nrrd", ".dcm")},
        "a link to nothing": _link("ct.nii.gz", "absent.nii.gz"),
        "a folder that is in itself": _circle,
        "a pipe that nobody writes to": _pipe("ct.nii"),
        "a pipe called .nrrd": _pipe("ct.nrrd"),
        "a pipe among DICOM files": _folder_with_pipe,
        "a device": _at("/dev/zero"),
        "a link to a device": _link("ct.nii", "/dev/zero"),
        "a link to a device, .mha": _link("ct.mha", "/dev/zero"),
        "a name that is not UTF-8": _nowhere(os.fsdecode(b"ct\xff\xfe.nii")),
    }
