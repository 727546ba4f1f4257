"""A network's operations in a file of their own, for engines that need no PyTorch to build it."""

import re
from dataclasses import dataclass
from typing import Any

from . import checked

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.onnx")


@dataclass(frozen=True)
class Graph:
    """An ONNX file without numbers: it names the places in the weight file at which they stand.

    Attributes:
        file: its name in the model's folder.
        sha256: hash of that file.
        divisor: ``(D, H, W)``, the multiples that the network's input must have.
    """

    file: str
    sha256: str
    divisor: tuple[int, int, int]

    @classmethod
    def parse(cls, value: Any, where: str) -> "Graph":
        fields = checked.fields(cls, value, where)
        return cls(
            file=checked.text(fields["file"], f"{where}.file", _NAME, "a plain file name ending in .onnx"),
            sha256=checked.sha256(fields["sha256"], f"{where}.sha256"),
            divisor=checked.positive(fields["divisor"], f"{where}.divisor", int),
        )
