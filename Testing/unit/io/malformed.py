"""Inputs that a careful reader refuses, each made by a few lines of code.

``CASES`` names them all. Every reader must end each with an ICHError; where ``may_be_read`` says so, damage
may have missed whatever matters, and a volume is an answer too.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import malformed_dicom
import malformed_nifti
import malformed_places
import malformed_text_headers

Make = Callable[[Path], Path]
"""Writes something into an empty folder, and tells the path to read."""


@dataclass(frozen=True)
class Case:
    make: Make
    may_be_read: bool = False


def _named() -> Iterator[tuple[str, Case]]:
    for kind, module in (
        ("nifti", malformed_nifti),
        ("text header", malformed_text_headers),
        ("dicom", malformed_dicom),
        ("place", malformed_places),
    ):
        for name, make in module.CASES.items():
            yield f"{kind}: {name}", Case(make)
        for ending, make in module.GOOD.items():
            for tenth in range(2, 10):
                yield f"{kind}: {ending} cut at {tenth}0 %", Case(_cut(make, tenth / 10))
            for seed in range(12):
                yield f"{kind}: {ending} with bits flipped, {seed}", Case(_flipped(make, seed), True)


def _cut(make: Make, share: float) -> Make:
    def made(folder: Path) -> Path:
        path = make(folder)
        file = _largest(folder)
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * share)])
        return path

    return made


def _flipped(make: Make, seed: int) -> Make:
    def made(folder: Path) -> Path:
        path = make(folder)
        file, chance = _largest(folder), random.Random(seed)
        content = bytearray(file.read_bytes())
        for _ in range(chance.choice((1, 4, 16))):
            content[chance.randrange(min(len(content), 1500))] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
        return path

    return made


def _largest(folder: Path) -> Path:
    return max((f for f in folder.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)


CASES: dict[str, Case] = dict(_named())
