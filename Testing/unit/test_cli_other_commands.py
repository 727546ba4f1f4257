"""The commands beside segmenting: models, doctor, phantom, help."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli import main
from ICHSegmentationLib.phantom import make_phantom

ROOT = Path(__file__).resolve().parents[2]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys;"
        "from ICHSegmentationLib.cli.parser import parser; parser().format_help();"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "monai", "rich", "SimpleITK"} & set(done.stdout.split())


def test_python_m_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ICHSegmentationLib", "models", "remove", "absent"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == errors.ModelNotFoundError.exit_code
    assert done.stderr.startswith("Error: ")


def test_models_are_imported_listed_verified_and_removed(
    a_model_folder: Path, the_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "import", str(a_model_folder)]) == 0
    assert main(["models", "list"]) == 0
    assert f"small 1.0.0: {the_store / 'small'}" in capsys.readouterr().out
    assert main(["models", "verify", "small"]) == 0
    (the_store / "small" / "coarse.safetensors").write_bytes(b"changed")
    assert main(["models", "verify"]) == errors.ModelTamperedError.exit_code
    assert main(["models", "remove", "small"]) == 0
    assert main(["models", "verify", "small"]) == errors.ModelNotFoundError.exit_code


def test_a_web_address_needs_a_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "import", "https://example.org/model.zip"]) == errors.ModelError.exit_code
    assert "--sha256" in capsys.readouterr().err


def test_the_doctor_tells_versions_device_and_models_and_the_first_problem(
    a_model_folder: Path, the_store: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("ICHSegmentationLib.models.store.EMBEDDED", a_model_folder)
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("Python", "PyTorch", "device cpu", "memory", "free disk", "small 1.0.0, verified"):
        assert word in text
    (a_model_folder / "fine.safetensors").write_bytes(b"changed")
    assert main(["doctor", "--json"]) == errors.ModelTamperedError.exit_code
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert any("fine.safetensors" in finding["problem"] for finding in told["findings"])


def test_a_phantom_has_the_volume_asked_for_and_replaces_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = partial(make_phantom, shape=(24, 96, 96), spacing=(6.0, 2.4, 2.4))
    monkeypatch.setattr("ICHSegmentationLib.cli.phantom.make_phantom", coarse)
    ct, mask = tmp_path / "ct.nii.gz", tmp_path / "mask.nii.gz"
    arguments = ["phantom", "-o", str(ct), "--mask", str(mask), "--seed", "3"]
    arguments += ["--subtype", "epidural", "--volume-ml", "40"]
    assert main(arguments) == 0
    image, truth = nib.load(ct), nib.load(mask)
    assert np.array_equal(image.affine, truth.affine)
    labels = np.asarray(truth.dataobj)
    assert set(np.unique(labels)) == {0, 6}
    volume = np.count_nonzero(labels) * abs(np.linalg.det(image.affine[:3, :3])) / 1000
    assert volume == pytest.approx(40, rel=0.1)
    assert f"{volume:.2f} mL epidural" in capsys.readouterr().out
    assert main(arguments) == errors.OutputExistsError.exit_code
