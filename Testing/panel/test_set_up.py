"""The set-up with real processes: the doctor, an external Python, models, and a batch."""

from __future__ import annotations

import csv
import hashlib
import http.server
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel as nib
import numpy as np
import pytest

pytest.importorskip("PySide6", reason="Qt is not here: pip install PySide6-Essentials")

from engines import ENVIRONMENT, ROOT, SETTINGS, engine, until, write_head
from ICHSegmentationSlicerLib.dependencies import Dependencies
from ICHSegmentationSlicerLib.outcome import Outcome
from ICHSegmentationSlicerLib.pending_setup import PendingSetup
from ICHSegmentationSlicerLib.set_up import SetUp
from PySide6.QtCore import QProcess, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from ICHSegmentationLib.errors import DependencyError, ModelNotFoundError, ModelTamperedError
from ICHSegmentationLib.events import Event, Failed, Finished
from ICHSegmentationLib.models.store import EMBEDDED

posix = pytest.mark.skipif(os.name == "nt", reason="a launcher of Unix")


@pytest.fixture(autouse=True)
def an_application() -> QApplication:
    return QApplication.instance() or QApplication([])


@pytest.fixture
def slicer_bin(tmp_path: Path) -> Path:
    """A folder with PythonSlicer, a launcher of this Python."""
    import sys

    place = tmp_path / "bin"
    place.mkdir()
    (place / "PythonSlicer").write_text(f'#!/bin/sh\n"{sys.executable}" "$@"\n')
    (place / "PythonSlicer").chmod(0o755)
    return place


def make(tmp_path: Path, library: Path = ROOT, after: Any = QTimer.singleShot) -> SetUp:
    """The set-up on a computer where every package is installed."""
    store = QSettings(str(tmp_path / "Slicer.ini"), QSettings.Format.IniFormat)
    nothing_missing = SimpleNamespace(load_requirements=lambda path: [])
    installed = SimpleNamespace(state="usable")
    environment = {**ENVIRONMENT, "ICHSEG_MODELS": str(tmp_path / "store")}
    return SetUp(
        library,
        store,
        environment,
        lambda: environment,
        Dependencies(lambda: nothing_missing, lambda: None, Path(), PendingSetup(store), lambda: installed),
        QProcess,
        after,
        tmp_path,
    )


@pytest.fixture
def set_up(tmp_path: Path, slicer_bin: Path, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    monkeypatch.setenv("PATH", f"{slicer_bin}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ICHSEG_MODELS", str(tmp_path / "store"))
    return make(tmp_path)


def examined(set_up: SetUp) -> str:
    told: list[str] = []
    set_up.examine(told.append)
    until(lambda: bool(told))
    return told[0]


def test_choices_last_until_slicer_starts_again(set_up: SetUp, tmp_path: Path) -> None:
    assert [set_up.chosen(name) for name in ("model", "device", "python")] == ["default", "auto", ""]
    set_up.choose("device", "cpu")
    assert make(tmp_path).chosen("device") == "cpu"


@posix
def test_the_doctor_looks_at_slicers_python_and_its_devices_are_then_offered(
    set_up: SetUp, tmp_path: Path
) -> None:
    assert [name for _, name in set_up.devices()] == ["auto", "cpu"]
    text = examined(set_up)
    assert "PyTorch" in text
    assert "PROBLEM" not in text
    offered = dict((name, words) for words, name in make(tmp_path).devices())
    assert "cores" in offered["cpu"]


@posix
def test_an_external_python_is_asked_instead_and_its_trouble_is_told(set_up: SetUp, tmp_path: Path) -> None:
    other = tmp_path / "other-python"
    other.write_text('#!/bin/sh\necho "python: no module named ICHSegmentationLib" >&2\nexit 1\n')
    other.chmod(0o755)
    set_up.choose("python", str(other))
    text = examined(set_up)
    assert "no module named ICHSegmentationLib" in text
    assert "other-python" in text
    set_up.require_ready("default")  # that it can be started is all that is known without starting it
    with pytest.raises(DependencyError, match=r"installed there.*other-python.* -m pip install openvino"):
        set_up.install_faster()
    other.unlink()
    with pytest.raises(DependencyError, match="other-python"):
        set_up.require_ready("default")
    assert "other-python" in examined(set_up)


@posix
def test_an_external_python_that_gives_no_answer_is_ended_and_that_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other-python"
    other.write_text("#!/bin/sh\nexec sleep 3600\n")
    other.chmod(0o755)
    later: list[Any] = []
    set_up = make(tmp_path, after=lambda milliseconds, work: later.append(work))
    set_up.choose("python", str(other))
    told: list[str] = []
    set_up.examine(told.append)
    (give_up,) = later
    assert not told
    give_up()
    until(lambda: bool(told))
    assert "Expected an answer of the doctor, found none in 3 minutes" in told[0]
    assert "other-python" in told[0]


def test_a_model_that_is_not_there_is_told_before_a_run(set_up: SetUp) -> None:
    with pytest.raises(ModelNotFoundError):
        set_up.require_ready("gone")


def test_a_model_folder_is_imported_only_when_its_weights_are_the_published_ones(
    set_up: SetUp, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(EMBEDDED, copy)
    document = json.loads((copy / "model.json").read_text("utf-8"))
    (copy / "model.json").write_text(json.dumps({**document, "id": "copied"}))
    assert set_up.import_model(copy) == "copied"
    assert "copied" in [name for _, name in set_up.models()]
    weights = next(copy.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    (copy / "model.json").write_text(json.dumps({**document, "id": "altered"}))
    with pytest.raises(ModelTamperedError):
        set_up.import_model(copy)
    assert "altered" not in [name for _, name in set_up.models()]


@posix
def test_a_download_that_fails_is_told_in_the_command_lines_words(set_up: SetUp) -> None:
    told = []
    set_up.download_model("ftp://nowhere/model.zip", "0" * 64, told.append)
    until(lambda: bool(told))
    assert told[0].code == "model"
    assert "ftp://nowhere/model.zip" in told[0].message


@pytest.fixture
def published(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Web address and SHA-256 of a model that a server of this computer hands out."""
    manifest = json.loads((EMBEDDED / "model.json").read_text("utf-8")) | {"id": "published"}
    site = tmp_path / "site"
    site.mkdir()
    with zipfile.ZipFile(site / "model.zip", "w") as archive:
        archive.writestr("model.json", json.dumps(manifest))
        for file in EMBEDDED.iterdir():
            if file.name != "model.json":
                archive.write(file, file.name)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sha256 = hashlib.sha256((site / "model.zip").read_bytes()).hexdigest()
        yield f"http://127.0.0.1:{server.server_port}/model.zip", sha256
        server.shutdown()


@posix
def test_a_published_model_is_fetched_by_its_address_and_can_be_chosen(
    opened: Any, set_up: SetUp, published: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ICHSEG_MODELS", str(tmp_path / "store"))
    panel = opened(set_up)
    address, sha256 = published
    for checksum, expected in (("0" * 64, "SHA-256"), (sha256, "verified and can be chosen")):
        answers = iter([address, checksum])
        panel.panel._setup._desk.ask_text = lambda *_, answers=answers: next(answers)
        panel.press("modelDownloadButton")
        assert panel.settle(panel.ui.modelDownloadButton.isEnabled, 120)
        assert expected in panel.said("setupLabel")
    names = [panel.ui.modelComboBox.itemData(n) for n in range(panel.ui.modelComboBox.count())]
    assert names == ["default", "ich-cascade-open", "published"]
    assert set_up.require_ready("published") is None
    files, published_files = (
        sorted(file.name for file in folder.iterdir())
        for folder in (EMBEDDED, tmp_path / "store" / "published")
    )
    assert published_files == files


@posix
def test_scans_go_through_one_process_and_one_that_fails_stops_no_other(
    set_up: SetUp, tmp_path: Path
) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    scans.mkdir()
    air = nib.Nifti1Image(np.full((40, 40, 12), -1000, np.int16), np.diag([5, 5, 5, 1.0]))
    nib.save(air, scans / "air.nii.gz")
    write_head(scans / "head.nii.gz")
    (scans / "text.nii.gz").write_text("no image")
    earlier = out / "head"
    earlier.mkdir(parents=True)
    (earlier / "measurements.json").write_text('{"total_volume_ml": 9.5, "subtypes": {}, "lesions": [1]}')
    heard: list[Event] = []
    ended: list[Outcome] = []
    batch = set_up.make_batch_worker(heard.append, ended.append)
    batch.start_all(set_up.scans_in(scans), out, SETTINGS)
    until(lambda: bool(ended))
    assert [(line.case, line.state) for line in batch.lines] == [
        ("air", "failed"), ("head", "done"), ("text", "failed"),
    ]  # fmt: skip
    assert [event.code for event in heard if isinstance(event, Failed)] == ["no_head", "not_an_image"]
    assert len([event for event in heard if isinstance(event, Finished)]) == 1
    assert len([event for event in heard if event.kind == "process"]) == 1
    assert ended[0].code == "no_head"
    with (out / "summary.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["total_volume_ml"] for row in rows] == ["", "9.5", ""]


@posix
def test_a_batch_that_is_cancelled_begins_no_other_scan(tmp_path: Path, set_up: SetUp) -> None:
    slow = "import time; time.sleep(60)"
    slow_set_up = make(tmp_path, engine(tmp_path, slow).library_folder)
    ended: list[Outcome] = []
    heard: list[Event] = []
    batch = slow_set_up.make_batch_worker(heard.append, ended.append)
    batch.start_all([tmp_path / "ct.nii.gz", tmp_path / "b.nii.gz"], tmp_path / "out", SETTINGS)
    until(lambda: batch.lines[0].state == "running")
    batch.cancel()
    until(lambda: bool(ended))
    assert ended[0].kind == "cancelled"
    assert [line.state for line in batch.lines] == ["cancelled", "cancelled"]
