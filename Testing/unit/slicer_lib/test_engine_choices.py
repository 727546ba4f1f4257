"""What a user may choose from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ICHSegmentationSlicerLib.doctor_report import report_of
from ICHSegmentationSlicerLib.engine_choices import device_choices, model_choices, require_model
from ICHSegmentationSlicerLib.interpreter import Interpreter
from ICHSegmentationSlicerLib.messages import meaning_of
from ICHSegmentationSlicerLib.text_run import Written

from ICHSegmentationLib import models
from ICHSegmentationLib.errors import ModelError, ModelNotFoundError

PYTHON = Interpreter("python", {}, Path())


def test_devices_are_offered_with_what_was_found() -> None:
    assert device_choices({}) == [("Automatic", "auto"), ("CPU", "cpu")]
    found = {"cpu": "x86_64, 16 cores", "cuda": "NVIDIA H200"}
    assert device_choices(found) == [
        ("Automatic (NVIDIA H200)", "auto"),
        ("CPU: x86_64, 16 cores", "cpu"),
        ("NVIDIA graphics card: NVIDIA H200", "cuda"),
    ]


def test_models_are_offered_the_embedded_ones_first(
    write_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = write_model(tmp_path / "embedded", id="default-model", name="Default", version="2.0.0")
    monkeypatch.setattr("ICHSegmentationLib.models.store.EMBEDDED", embedded)
    monkeypatch.setattr("ICHSegmentationSlicerLib.engine_choices.EMBEDDED", embedded)
    free = write_model(tmp_path / "free", id="free-model", name="Free", version="1.1.0")
    monkeypatch.setattr("ICHSegmentationLib.models.store.EMBEDDED_OPEN", free)
    models.import_folder(write_model(tmp_path / "own", name="Own"))
    assert model_choices() == [
        ("Default 2.0.0 (embedded)", "default"),
        ("Free 1.1.0 (embedded)", "free-model"),
        ("Own 1.0.0", "small"),
    ]
    require_model("small")
    with pytest.raises(ModelNotFoundError):
        require_model("gone")
    with pytest.raises(ModelError, match="none chosen"):
        require_model("")


def finding(name: str, value: str, problem: str = "") -> str:
    return f'{{"name": "{name}", "value": "{value}", "problem": "{problem}", "exit_code": 0}}'


def test_the_doctors_answer_tells_devices_and_a_text_to_copy() -> None:
    findings = [finding("PyTorch", "2.8"), finding("device cpu", "8 cores"), finding("device cuda", "A"),
                finding("device cuda", "B")]  # fmt: skip
    report = report_of(Written(f'{{"findings": [{", ".join(findings)}]}}', None, ()), PYTHON)
    assert report.devices == {"cpu": "8 cores", "cuda": "A, B"}
    assert report.trouble is None
    assert "PyTorch      2.8\n" in report.text


def test_a_python_without_pytorch_is_in_trouble_with_the_doctors_words() -> None:
    text = f'{{"findings": [{finding("PyTorch", "not usable", "Expected torch.")}]}}'
    report = report_of(Written(text, meaning_of(40), ()), PYTHON)
    assert report.trouble is not None
    assert (report.trouble.code, report.trouble.message) == ("dependency", "Expected torch.")
    assert "PROBLEM: Expected torch." in report.text


@pytest.mark.parametrize("text", ["", "Python 2.7", "[1]", '{"findings": [{"name": 1}]}'])
def test_another_program_than_the_doctor_is_in_trouble_with_its_last_lines(text: str) -> None:
    report = report_of(Written(text, meaning_of(1), ("No module named ICHSegmentationLib",)), PYTHON)
    assert report.trouble is not None
    assert report.devices == {}
    assert "No module named ICHSegmentationLib" in report.text


def test_a_detector_is_no_model_that_outlines(write_model: Callable[..., Path], tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.engine_choices import detectors

    before = detectors()
    models.import_folder(write_model(tmp_path / "own", id="own-detector", recipe="detector"))
    assert "own-detector" not in [name for _text, name in model_choices()]
    assert detectors() == [*before, "own-detector"]
