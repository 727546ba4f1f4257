"""What a Slicer says into which the module of a clone was put though it is too old."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from ICHSegmentationSlicerLib.set_up import _packaging

from ICHSegmentationLib.errors import DependencyError

MODULE = Path(__file__).resolve().parents[3] / "ICHSegmentation"


def test_one_without_a_helper_for_packages_is_told_to_be_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    slicer = ModuleType("slicer")
    slicer.app = SimpleNamespace(applicationVersion="5.10.0")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slicer", slicer)
    with pytest.raises(DependencyError, match=r"Expected Slicer 5\.12 or newer, found 5\.10\.0"):
        _packaging()


def test_one_whose_python_is_too_old_says_so_when_it_loads_the_module() -> None:
    code = "import sys; sys.version_info = (3, 9, 10); import ICHSegmentationSlicerLib"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(MODULE)},
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: ICHSegmentation: expected Slicer 5.12 or newer, found one with Python "
    )
