"""Whether Slicer's Python holds PyTorch, found out without loading it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from typing import Literal

OLDEST = (2, 3)
"""The oldest PyTorch that the library works with, as its pyproject.toml says."""


@dataclass(frozen=True)
class TorchInstall:
    """``broken`` is what a half-way installation leaves: a folder without the package, or no metadata."""

    state: Literal["usable", "absent", "broken", "old"]
    version: str = ""
    place: str = ""


def torch_install(path: Sequence[str] | None = None) -> TorchInstall:
    """Look for PyTorch in these folders; None looks where Python itself does.

    A package that can be found but not loaded is recognised later, by the process that loads it.
    """
    importlib.invalidate_caches()
    folders = None if path is None else list(path)
    spec = PathFinder.find_spec("torch", folders)
    if spec is None:
        return TorchInstall("absent")
    place = ", ".join(spec.submodule_search_locations or [])
    version = _version(folders)
    if spec.origin is None or not version:  # a folder alone is imported as an empty namespace
        return TorchInstall("broken", version, place)
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return TorchInstall("usable" if numbers >= OLDEST else "old", version, place)


def _version(folders: list[str] | None) -> str:
    found = distributions(name="torch") if folders is None else distributions(name="torch", path=folders)
    return next((distribution.version or "" for distribution in found), "")
