"""What the node keeps of what it receives, and what it refuses."""

from io import BytesIO
from types import SimpleNamespace

import pytest

pytest.importorskip("pynetdicom")

from dicom_maker import Series, head_series, slice_dataset

from ICHSegmentationLib.errors import DiskFullError, InputError
from ICHSegmentationLib.node.inbox import Inbox
from ICHSegmentationLib.node.queue import Queue


def encoded(dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture
def series() -> Series:
    return head_series(3)


@pytest.fixture
def opened(tmp_path):
    """Opens an inbox with its queue, closing the one that was open: the node starts again."""
    queues = []

    def open_(free_bytes=0):
        if queues:
            queues.pop().close()
        queues.append(Queue(tmp_path / "queue.sqlite"))
        return SimpleNamespace(inbox=Inbox(tmp_path / "inbox", queues[0], free_bytes), queue=queues[0])

    yield open_
    queues.pop().close()


def test_objects_are_kept_by_study_and_series_and_told_to_the_queue(opened, series, tmp_path):
    node = opened()
    datasets = [slice_dataset(series, index) for index in range(3)]
    for dataset in [*datasets, datasets[0]]:
        assert node.inbox.keep(encoded(dataset)) == series.study
    kept = {
        path.relative_to(tmp_path / "inbox").as_posix() for path in node.inbox.of(series.study).rglob("*.dcm")
    }
    assert kept == {f"{series.study}/{series.uid}/{dataset.SOPInstanceUID}.dcm" for dataset in datasets}
    assert node.queue.study(series.study).arrivals == 4


@pytest.mark.parametrize("name", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
@pytest.mark.parametrize("uid", ["../../outside", "..", "1", "", "1.2/3", "1." * 40 + "1", "con", "1.2\\3"])
@pytest.mark.filterwarnings("ignore")
def test_a_uid_that_is_none_is_refused_and_nothing_is_written(opened, series, tmp_path, name, uid):
    node = opened()
    dataset = slice_dataset(series, 0)
    dataset[name]._value = uid
    with pytest.raises(InputError, match="Expected"):
        node.inbox.keep(encoded(dataset))
    assert not [path for path in tmp_path.rglob("*") if not path.name.startswith(("inbox", "queue.sqlite"))]


def test_other_modalities_and_damaged_objects_are_refused_without_a_word_of_their_headers(opened, series):
    node = opened()
    dataset = slice_dataset(series, 0)
    dataset.PatientName = "Secretname"
    whole = encoded(dataset)
    dataset.Modality = "MR"
    for content in (
        encoded(dataset),
        b"",
        whole[:90],
        whole[:400],
        b"\\0" * 5000,
        whole[:140] + b"\\xff" * 300,
    ):
        with pytest.raises(InputError) as refused:
            node.inbox.keep(content)
        assert "Secretname" not in str(refused.value)


def test_without_room_on_the_disk_objects_are_refused(opened, series):
    node = opened(free_bytes=2**62)
    with pytest.raises(DiskFullError):
        node.inbox.keep(encoded(slice_dataset(series, 0)))


def test_an_inbox_that_somebody_deleted_is_made_again(opened, series, tmp_path):
    node = opened()
    (tmp_path / "inbox").rmdir()
    node.inbox.keep(encoded(slice_dataset(series, 0)))
    assert len(list((tmp_path / "inbox").rglob("*.dcm"))) == 1


def test_a_study_that_is_done_is_deleted_unless_an_object_came_meanwhile(opened, series):
    node = opened()
    node.inbox.keep(encoded(slice_dataset(series, 0)))
    study = node.queue.study(series.study)
    node.inbox.keep(encoded(slice_dataset(series, 1)))
    assert not node.inbox.finish(study, "")
    assert len(list(node.inbox.of(series.study).rglob("*.dcm"))) == 2
    assert node.inbox.finish(node.queue.study(series.study), "")
    assert not node.inbox.of(series.study).exists()


def test_an_object_written_before_a_kill_that_the_queue_does_not_know_is_found_again(
    opened, series, tmp_path
):
    stray = tmp_path / "inbox" / series.study / series.uid
    stray.mkdir(parents=True)
    (stray / "1.2.dcm").write_bytes(encoded(slice_dataset(series, 0)))
    (stray / ".ichseg-part-12345678-1.3.dcm").write_bytes(b"half")
    node = opened()
    assert node.queue.study(series.study).state == "received"
    assert [path.name for path in stray.iterdir()] == ["1.2.dcm"]


def test_a_study_that_was_done_before_a_kill_and_not_deleted_yet_is_deleted(opened, series):
    node = opened()
    node.inbox.keep(encoded(slice_dataset(series, 0)))
    node.queue.finish(node.queue.study(series.study), "done", "")
    node = opened()
    assert not node.inbox.of(series.study).exists()
    assert node.queue.study(series.study).state == "done"
