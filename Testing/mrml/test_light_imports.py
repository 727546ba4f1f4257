"""The scene files work before anything was installed into Slicer's Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCENE_FILES = (
    "scan_export", "segmentation_nodes", "terminology", "slice_views", "measurement_rows",
    "measurement_table",
)  # fmt: skip
NOT_IN_SLICER = (
    "torch", "monai", "nibabel", "skimage", "cc3d", "jinja2", "rich", "safetensors", "qt", "ctk", "PySide6",
)  # fmt: skip


def test_no_scene_file_asks_for_a_package_that_slicer_does_not_bring() -> None:
    pytest.importorskip(
        "slicer", reason="Slicer's scene classes are not here: pip install slicer-core", exc_type=ImportError
    )
    root = Path(__file__).resolve().parents[2]
    code = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({NOT_IN_SLICER!r}))\n"
        f"sys.path[:0] = {[str(root / 'ICHSegmentation'), str(root)]!r}\n"
        f"for name in {SCENE_FILES!r}: importlib.import_module('ICHSegmentationSlicerLib.' + name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
