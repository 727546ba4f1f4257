"""What the doctor says of PyTorch, seen by a process that finds another one first."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ICHSegmentationLib.doctor import examine
from ICHSegmentationLib.doctor.packages import PACKAGES
from ICHSegmentationLib.errors import DependencyError
from ICHSegmentationLib.inference.engines import choice

ROOT = Path(__file__).resolve().parents[2]


def pytorch_found_in(folder: Path) -> dict[str, Any]:
    """The doctor's finding on PyTorch where ``folder`` stands before everything else that is installed."""
    done = subprocess.run(
        [sys.executable, "-m", "ICHSegmentationLib", "doctor", "--json"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == DependencyError.exit_code, done.stderr
    findings = json.loads(done.stdout)["findings"]
    return next(finding for finding in findings if finding["name"] == "PyTorch")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "only remains of a broken installation"),
        ("raise OSError('[WinError 126] c10.dll')", "c10.dll"),
        ("raise ImportError('libtorch.so: cannot open shared object file')", "libtorch.so"),
    ],
    ids=["nothing left in it", "a library missing on Windows", "a library missing"],
)
def test_a_broken_pytorch_is_recognised(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(content)
    found = pytorch_found_in(tmp_path)
    assert found["value"] == "not usable"
    assert said in found["problem"]


@pytest.mark.parametrize(
    ("installed", "said"),
    [
        ({"torch", "openvino"}, "openvino, jit, torch; auto takes openvino"),
        ({"torch"}, "jit, torch; auto takes jit; faster with openvino or onnxruntime"),
    ],
)
def test_the_engines_are_listed_with_the_one_that_is_taken(
    installed: set[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda name: name if name in installed else None)
    (finding,) = [finding for finding in examine() if finding.name == "engines"]
    assert finding.value == said
    assert not finding.problem


def test_every_package_that_is_needed_is_looked_for() -> None:
    tomllib = pytest.importorskip("tomllib", reason="pyproject.toml is read with Python 3.11 or newer")
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert {requirement.partition(">")[0] for requirement in needed} == set(PACKAGES)
