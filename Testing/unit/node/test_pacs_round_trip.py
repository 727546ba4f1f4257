"""A study out of a real PACS, through the node, and its results back in the PACS."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from orthanc_server import PROGRAM, Orthanc, free_port, wait_for
from phantom_study import PATIENT, SHAPE, painted_ml, study, touch

pytest.importorskip("highdicom")
pytest.importorskip("pynetdicom")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Orthanc (Debian's package orthanc) is not installed")


class NodeProcess:
    """A node in a process that can be killed."""

    def __init__(self, folder: Path, port: int, orthanc: Orthanc, model: Path) -> None:
        self.log = folder / "node.log"
        program = Path(__file__).with_name("node_program.py")
        self._arguments = [str(program), str(port), f"ORTHANC@127.0.0.1:{orthanc.port}", str(folder / "out")]
        self._arguments.append(str(model))

    def start(self) -> None:
        listening = self.said("listens")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, *self._arguments], stdout=log, stderr=log)
        wait_for(lambda: self.said("listens") > listening, "the node does not listen")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def said(self, words: str) -> int:
        return self.log.read_text().count(words) if self.log.exists() else 0


@pytest.fixture
def pacs(tmp_path, a_model_folder):
    """Orthanc and a node that knows it, both running."""
    port = free_port()
    orthanc = Orthanc(tmp_path / "orthanc", port)
    node = NodeProcess(tmp_path, port, orthanc, a_model_folder)
    try:
        orthanc.start()
        node.start()
        yield orthanc, node
    finally:
        orthanc.stop()
        node.kill()


def encoded(dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_a_study_comes_back_segmented_though_the_node_is_killed_and_the_pacs_restarted(
    pacs, tmp_path, a_model_folder
):
    orthanc, node = pacs
    hold = touch(a_model_folder, "hold")
    names = [orthanc.post("/instances", encoded(dataset))["ID"] for dataset in study()]
    assert orthanc.post("/modalities/ichseg/echo", b"{}") == {}
    orthanc.post("/modalities/ichseg/store", json.dumps({"Resources": names}).encode())

    began = tmp_path / "began"
    worker = wait_for(lambda: began.exists() and began.read_text(), "the study is not segmented")
    node.kill()
    wait_for(lambda: has_ended(worker), "the worker outlives the node")
    began.unlink()
    node.start()
    wait_for(began.exists, "the study is not segmented again")
    orthanc.stop()
    hold.unlink()
    wait_for(lambda: node.said("does not answer"), "nothing is sent")
    orthanc.start()
    wait_for(lambda: node.said(": done."), "the results do not arrive")

    (seg,), (report,) = orthanc.instances("SEG"), orthanc.instances("SR")
    seg, report = (
        pydicom.dcmread(BytesIO(orthanc.get_bytes(f"/instances/{name}/file"))) for name in (seg, report)
    )
    assert seg.PatientName == report.PatientName == PATIENT
    measures = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    voxel_ml = float(np.prod(measures.PixelSpacing)) * 10.0 / 1000
    assert int(seg.pixel_array.sum()) * voxel_ml == pytest.approx(painted_ml(), rel=1e-3)
    assert total_ml(report) == pytest.approx(painted_ml(), rel=1e-3)
    assert len(orthanc.instances("CT")) == SHAPE[0] + 1

    log = node.log.read_text()
    assert "a scout" in log
    assert "Secretname" not in log
    assert "secretid" not in log
    assert not list((tmp_path / "out" / "inbox").rglob("*.dcm"))


def has_ended(process: str) -> bool:
    """Whether there is no such process, or only what is left until its parent asks."""
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def total_ml(report) -> float:
    """The volume in the first measurement group of a TID 1500 report."""
    (measurements,) = (item for item in report.ContentSequence if code(item) == "126010")
    volume = next(
        item for item in measurements.ContentSequence[0].ContentSequence if code(item) == "118565006"
    )
    (value,) = volume.MeasuredValueSequence
    assert value.MeasurementUnitsCodeSequence[0].CodeValue == "mL"
    return float(value.NumericValue)


def code(item) -> str:
    return item.ConceptNameCodeSequence[0].CodeValue
