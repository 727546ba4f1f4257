"""Fixtures of the tests with Slicer's real scene classes (from slicer-core; skipped where it is absent)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boot import Booted, boot


@pytest.fixture
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """Scene, application logic and module logics, all fresh."""
    pytest.importorskip(
        "slicer", reason="Slicer's scene classes are not here: pip install slicer-core", exc_type=ImportError
    )
    made = boot(tmp_path_factory.mktemp("slicer"))
    yield made
    made.close()


@pytest.fixture
def scene(booted: Booted) -> Any:
    """A fresh ``vtkMRMLScene``; also ``slicer.mrmlScene``."""
    return booted.scene
