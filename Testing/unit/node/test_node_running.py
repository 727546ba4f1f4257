"""The node as a whole, with a destination in this process: done, blamed, and refused studies."""

import logging
import threading
from dataclasses import replace
from typing import ClassVar

import pytest

pytest.importorskip("highdicom")
pytest.importorskip("pynetdicom")

from orthanc_server import PATIENCE_S, wait_for
from phantom_study import PATIENT, load_threshold, study, touch
from pydicom.uid import CTImageStorage
from pynetdicom import AE
from test_node_sending import destination

from ICHSegmentationLib.cli import main
from ICHSegmentationLib.errors import InsufficientMemoryError
from ICHSegmentationLib.node import Node, NodeSettings, running
from ICHSegmentationLib.node.peers import Peer
from ICHSegmentationLib.node.worker import Job, Outcome, segment_study
from ICHSegmentationLib.settings import SegmentationSettings

QUIET_S = 5.0  # longer than this machine may stop between two objects


def store(port, datasets):
    entity = AE("PACS")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = PATIENCE_S
    entity.add_requested_context(CTImageStorage)
    association = entity.associate("127.0.0.1", port, ae_title="ICHSEG")
    for dataset in datasets:
        assert association.send_c_store(dataset).Status == 0
    association.release()


@pytest.fixture
def settings(tmp_path, a_model_folder):
    def given(peer: Peer) -> NodeSettings:
        segmentation = SegmentationSettings(
            model=str(a_model_folder), format="dcm", overwrite=True, detect=False, keep_identifiers=True
        )
        return NodeSettings(
            "ICHSEG",
            0,
            peer,
            tmp_path / "out",
            address="127.0.0.1",
            quiet_s=QUIET_S,
            segmentation=segmentation,
        )

    return given


def test_a_study_that_takes_the_worker_down_is_blamed_and_the_next_one_is_done(
    settings, a_model_folder, monkeypatch, caplog, tmp_path
):
    monkeypatch.setattr(running, "MOST_ATTEMPTS", 1)
    monkeypatch.setattr(running, "waiting_time_s", lambda attempts: 0.0)
    caplog.set_level(logging.INFO, logger="ICHSegmentationLib.node")
    fall = touch(a_model_folder, "fall")
    deadly, good = study(), study()
    # The first answer is no: the report must be sent again, and the SEG not twice.
    with destination(0x0000, 0xC000) as (peer, came), Node(settings(peer), load_threshold) as node:

        def watch() -> None:
            store(node.port, deadly)
            wait_for(lambda: "failed" in caplog.text, "the deadly study is not blamed")
            fall.unlink()
            store(node.port, good)
            wait_for(lambda: ": done." in caplog.text, "the good study is not done")

        watcher = threading.Thread(target=watch)
        watcher.start()
        node.run(until=lambda: not watcher.is_alive())
    assert f"{deadly[0].StudyInstanceUID}: failed. It ended the process that segments." in caplog.text
    assert f"{good[0].StudyInstanceUID}: done." in caplog.text
    assert len(came) == 3
    assert len(set(came)) == 2
    assert "Secretname" not in caplog.text
    results = {path.name for path in (tmp_path / "out" / "results").rglob("*") if path.is_file()}
    assert results == {"measurements.json", "report.html", "preview.png"}  # what was sent names the patient
    kept = {path.name for path in (tmp_path / "out" / "inbox").iterdir()}
    assert kept == {str(deadly[0].StudyInstanceUID)}  # to be looked into


class FakeWorker:
    """Gives the same outcome for each study; None is one that never ends."""

    outcomes: ClassVar[list] = []
    begun: ClassVar[list] = []
    ended: ClassVar[int] = 0

    def __init__(self, settings, load):
        pass

    def begin(self, job):
        FakeWorker.begun.append(job.study)

    def outcome(self, timeout_s):
        return FakeWorker.outcomes[0]

    def close(self):
        FakeWorker.ended += 1


@pytest.fixture
def fake_worker(monkeypatch):
    monkeypatch.setattr(running, "Worker", FakeWorker)
    monkeypatch.setattr(running, "waiting_time_s", lambda attempts: 0.0)
    FakeWorker.begun, FakeWorker.ended = [], 0
    return FakeWorker


@pytest.mark.parametrize(
    ("outcome", "reason", "ended"),
    [
        (None, "It was not segmented after 0 s.", 4),  # replaced each time, and the last one at the end
        (Outcome("1.2", trouble=InsufficientMemoryError("The memory did not suffice.")), "memory", 1),
    ],
    ids=["hung", "no memory"],
)
def test_a_study_is_tried_three_times_and_then_failed(settings, fake_worker, caplog, outcome, reason, ended):
    fake_worker.outcomes = [outcome]
    hasty = replace(settings(Peer("PACS", "127.0.0.1", 104)), quiet_s=0.0, longest_s=0.0)
    with Node(hasty) as node:
        (dataset, *_) = study()
        store(node.port, [dataset])
        node.run(until=lambda: "failed" in caplog.text)
    assert fake_worker.begun == [dataset.StudyInstanceUID] * 3
    assert reason in caplog.text
    assert fake_worker.ended == ended


def test_an_error_that_nobody_expected_costs_one_series_and_its_message_stays_out_of_the_log(
    settings, tmp_path, caplog
):
    objects = tmp_path / "objects"
    for number, series in enumerate((study()[:-1], study()[:-1])):
        (objects / str(number)).mkdir(parents=True)
        for dataset in series:
            dataset.save_as(objects / str(number) / f"{dataset.InstanceNumber}.dcm", enforce_file_format=True)
    segmentation = settings(Peer("PACS", "127.0.0.1", 1)).segmentation
    inner = load_threshold(segmentation)
    calls = iter(range(2))

    def segmenter(ct, progress):
        if next(calls) == 0:
            raise ValueError(PATIENT)
        return inner(ct, progress)

    segmenter.model = inner.model
    outcome = segment_study(Job("1.2", objects, tmp_path / "out"), segmentation, segmenter)
    assert len(outcome.left_out) == 1 and "should not (ValueError)" in outcome.left_out[0]
    assert len(outcome.files) == 2
    assert "test_node_running.py" in caplog.text and PATIENT not in caplog.text


def test_a_study_without_a_head_ct_is_done_without_a_result(settings, fake_worker, caplog):
    caplog.set_level(logging.INFO, logger="ICHSegmentationLib.node")
    (*_, scout) = study()
    fake_worker.outcomes = [Outcome(scout.StudyInstanceUID, left_out=("series 1.2: a scout",))]
    hasty = replace(settings(Peer("PACS", "127.0.0.1", 104)), quiet_s=0.0)
    with Node(hasty) as node:
        store(node.port, [scout])
        node.run(until=lambda: ": done." in caplog.text)
    assert not list((hasty.out_dir / "inbox").iterdir())


def test_a_node_that_is_ended_takes_the_study_up_again_at_its_next_start(settings, fake_worker):
    fake_worker.outcomes = [None]
    patient = replace(settings(Peer("PACS", "127.0.0.1", 104)), quiet_s=0.0)
    for starts in (1, 2, 3, 4):  # more often than a study may fail
        with Node(patient) as node:
            if starts == 1:
                store(node.port, study()[:1])
            node.run(until=lambda starts=starts: len(fake_worker.begun) == starts)
    assert len(set(fake_worker.begun)) == 1


def test_without_the_model_the_node_does_not_start(tmp_path, capfd):
    arguments = ["serve", "--dicom", "0", "--destination", "PACS@127.0.0.1:104", "-o", str(tmp_path / "out")]
    assert main([*arguments, "--model", "no-such-model"]) == 31
    assert "no-such-model" in capfd.readouterr().err


@pytest.mark.parametrize("missing", ["--destination", "-o"])
def test_what_the_node_needs_is_told(tmp_path, missing, capsys):
    given = {"--destination": "PACS@127.0.0.1:104", "-o": str(tmp_path)}
    del given[missing]
    assert main(["serve", "--dicom", "0", *[word for pair in given.items() for word in pair]]) == 10
    assert "--dicom needs" in capsys.readouterr().err


@pytest.mark.parametrize("given", [("key",), ("key", "certificate", "authorities")])
def test_a_node_without_all_that_tls_needs_does_not_start(given, tmp_path, capfd):
    arguments = ["serve", "--dicom", "0", "--destination", "PACS@127.0.0.1:104", "-o", str(tmp_path / "out")]
    for name in given:
        arguments += [f"--tls-{name}", str(tmp_path / f"no-{name}.pem")]
    assert main(arguments) == 10
    assert "Expected" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
