"""What a first result needs is loaded before it comes, a little at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def loaded_with(code: str) -> set[str]:
    """The top-level modules that are loaded after ``code`` in a fresh Python."""
    paths = [str(ROOT / "ICHSegmentation"), str(ROOT)]
    script = f"import sys; sys.path[:0] = {paths!r}\nimport slicer\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("\n")[-2].split())


def test_nothing_is_left_to_load_when_the_first_result_comes() -> None:
    pytest.importorskip(
        "slicer", reason="Slicer's scene is not here: pip install slicer-core", exc_type=ImportError
    )
    steps = "from ICHSegmentationSlicerLib.preload import preload\nfor _ in preload(): pass\n"
    needed = "".join(
        f"import ICHSegmentationSlicerLib.{name}\n"
        for name in ("corrections", "measurement_table", "segment_surfaces", "edit_observer")
    )
    before, after = loaded_with(steps), loaded_with(steps + needed)
    assert after - before <= {"ICHSegmentationSlicerLib.edit_observer"}
    assert not {"torch", "monai"} & after


def test_a_package_that_is_missing_stops_nothing() -> None:
    pytest.importorskip(
        "slicer", reason="Slicer's scene is not here: pip install slicer-core", exc_type=ImportError
    )
    absent = "sys.modules['nibabel'] = sys.modules['cc3d'] = None\n"
    steps = "from ICHSegmentationSlicerLib.preload import preload\nfor _ in preload(): pass\n"
    assert "scipy.ndimage" in loaded_with(absent + steps)
