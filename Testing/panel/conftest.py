"""Fixtures of the panel's tests: Slicer's real scene, the real ``.ui`` file, and Qt without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(ROOT / "Testing" / "mrml"), str(ROOT / "ICHSegmentation")]


@pytest.fixture
def desktop(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A booted scene with the stand-in for Slicer's desktop around it."""
    pytest.importorskip("PySide6.QtUiTools", reason="Qt is not here: pip install PySide6-Essentials")
    pytest.importorskip(
        "slicer", reason="Slicer's scene is not here: pip install slicer-core", exc_type=ImportError
    )
    from boot import boot
    from desktop import install
    from immortal_none import keep_none

    keep_none()
    unexpected: list[BaseException] = []
    # Qt and VTK print what a callback raises, and go on; here it fails the test.
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: unexpected.append(error))
    folder = tmp_path_factory.mktemp("slicer")
    booted = boot(folder)
    install(booted, folder)
    yield booted
    sys.modules["slicer"].app.quit()
    booted.close()
    if unexpected:
        raise unexpected[0]


@pytest.fixture
def scene(desktop: Any) -> Any:
    """The scene, which is also ``slicer.mrmlScene``."""
    return desktop.scene


@pytest.fixture
def opened(desktop: Any) -> Iterator[Callable[..., Any]]:
    """Opens the module's panel as Slicer does; ``opened(setup)`` gives it a set-up of the test's own."""
    from opening import OpenPanel

    panels: list[Any] = []

    def open_panel(setup: Any = None) -> Any:
        panels.append(OpenPanel(setup))
        return panels[-1]

    yield open_panel
    for panel in panels:
        panel.close()


@pytest.fixture
def scan(scene: Any) -> Any:
    """A small painted head with one bleed, as a volume node called CT."""
    from volumes import make_scan

    return make_scan(scene)
