"""The queue of the node: what stands in it outlives a kill, and no object is forgotten."""

import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

pytest.importorskip("pynetdicom")

from ICHSegmentationLib.errors import OutputError
from ICHSegmentationLib.node.queue import Queue

ROOT = Path(__file__).parents[3]
SEG, REPORT = Path("results/1.2/segmentation.dcm"), Path("results/1.2/report.dcm")


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "queue.sqlite")
    yield queue
    queue.close()


def begun(queue, uid="1.2"):
    """A study that is complete and being segmented."""
    queue.arrived(uid, now=100)
    study = queue.complete(now=1000, quiet_s=10)
    queue.segmenting(uid)
    return study


def sending(queue, uid="1.2", results=(SEG, REPORT)):
    assert queue.segmented(begun(queue, uid), results, "")
    return queue.to_send(now=1000)


def test_a_study_is_complete_when_nothing_came_for_a_while(queue):
    queue.arrived("1.2", now=100)
    queue.arrived("1.2", now=108)
    assert queue.complete(now=117, quiet_s=10) is None
    assert queue.complete(now=118, quiet_s=10).arrivals == 2


def test_the_study_that_waits_longest_comes_first(queue):
    queue.arrived("1.2", now=103)
    queue.arrived("1.1", now=104)
    assert queue.complete(now=1000, quiet_s=10).uid == "1.2"


def test_results_wait_until_each_is_sent_and_the_study_is_done(queue):
    study = sending(queue)
    queue.sent(SEG)
    assert queue.unsent("1.2") == [REPORT]
    assert queue.finish(study, "done", "one series left out")
    assert queue.to_send(now=1000) is None
    assert (queue.study("1.2").state, queue.study("1.2").reason) == ("done", "one series left out")


def test_an_object_that_comes_while_a_study_is_segmented_voids_the_result(queue):
    study = begun(queue)
    queue.arrived("1.2", now=1005)
    assert not queue.segmented(study, [SEG], "")
    assert queue.unsent("1.2") == []
    assert queue.complete(now=1010, quiet_s=10) is None
    assert queue.complete(now=1015, quiet_s=10).arrivals == 2


def test_an_object_that_comes_while_results_are_sent_keeps_the_study_from_being_done(queue):
    study = sending(queue)
    queue.arrived("1.2", now=1005)
    assert not queue.finish(study, "done", "")
    assert queue.study("1.2").state == "received"


def test_what_was_sent_is_known_by_its_path_on_windows_too(queue):
    sending(queue)
    queue.sent(PureWindowsPath(SEG))
    assert queue.unsent("1.2") == [REPORT]


def test_new_results_replace_those_of_an_earlier_time(queue):
    sending(queue)
    queue.arrived("1.2", now=1005)
    study = queue.complete(now=2000, quiet_s=10)
    queue.segmenting("1.2")
    assert queue.segmented(study, [SEG], "")
    assert queue.unsent("1.2") == [SEG]


def test_what_could_not_be_sent_is_tried_again_later_and_refusals_are_counted(queue):
    queue.postpone(sending(queue), 1060, "the PACS does not answer")
    assert queue.to_send(now=1059) is None
    again = queue.to_send(now=1060)
    assert (again.attempts, again.refusals) == (1, 0)
    queue.postpone(again, 1100, "0xC000", refused=True)
    again = queue.to_send(now=1100)
    assert (again.attempts, again.refusals) == (2, 1)
    assert queue.unsent("1.2") == [SEG, REPORT]


def test_what_could_not_be_segmented_is_tried_again_later_with_its_attempt_counted(queue):
    queue.postpone(begun(queue), 1060, "no memory")
    assert queue.complete(now=1059, quiet_s=10) is None
    assert queue.complete(now=1060, quiet_s=10).attempts == 1


def test_ending_the_node_counts_no_attempt(queue):
    begun(queue)
    queue.interrupted("1.2")
    assert queue.complete(now=1000, quiet_s=10).attempts == 0


def test_a_failed_study_that_is_sent_again_starts_anew(queue):
    assert queue.finish(begun(queue), "failed", "no memory")
    assert queue.complete(now=5000, quiet_s=10) is None
    queue.arrived("1.2", now=5000)
    again = queue.complete(now=6000, quiet_s=10)
    assert (again.attempts, again.reason) == (0, "")


KILLED = """
import os, signal, sys
from pathlib import Path, PureWindowsPath
from ICHSegmentationLib.node.queue import Queue
queue = Queue(Path(sys.argv[1]))
queue.arrived("1.1", now=100)
queue.segmenting("1.1")
queue.arrived("1.2", now=101)
study = queue.study("1.2")
queue.segmenting("1.2")
queue.segmented(study, [Path("a.dcm"), Path("b.dcm")], "")
queue.sent(Path("a.dcm"))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_kill_loses_nothing_and_an_attempt_that_did_not_end_counts(tmp_path):
    path = tmp_path / "queue.sqlite"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    queue = Queue(path)
    assert queue.unsent("1.2") == [Path("b.dcm")]
    begun_before = queue.complete(now=1000, quiet_s=10)
    assert (begun_before.uid, begun_before.attempts) == ("1.1", 1)
    queue.close()


def test_two_nodes_cannot_share_a_queue(queue, tmp_path):
    with pytest.raises(OutputError, match="in use"):
        Queue(tmp_path / "queue.sqlite")


def test_a_damaged_queue_is_told(tmp_path):
    (tmp_path / "queue.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(OutputError, match="damaged"):
        Queue(tmp_path / "queue.sqlite")
