"""Results on their way to the destination: what was kept there, what was refused, what must be sent again."""

import threading
import time
from contextlib import contextmanager

import pytest

pytest.importorskip("pynetdicom")

from orthanc_server import free_port
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, SegmentationStorage, generate_uid
from pynetdicom import AE, evt

from ICHSegmentationLib.node.encryption import Encryption
from ICHSegmentationLib.node.peers import Peer
from ICHSegmentationLib.node.sender import LONGEST_WAIT_S, send, waiting_time_s

BREAK_OFF = None


@contextmanager
def destination(*answers, kinds=(SegmentationStorage, ComprehensiveSRStorage), encryption=None):
    """A peer that gives these answers in turn, then 0x0000, and the UIDs of the objects that came."""
    came, left = [], list(answers)

    def store(event):
        came.append(event.dataset.SOPInstanceUID)
        answer = left.pop(0) if left else 0x0000
        if answer is BREAK_OFF:
            event.assoc.abort()
            return 0xC000
        return answer

    entity = AE("PACS")
    entity.require_called_aet = True
    entity.require_calling_aet = ["ICHSEG"]
    for kind in kinds:
        entity.add_supported_context(kind)
    server = entity.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, store)],
        ssl_context=encryption.for_callers() if encryption else None,
    )
    try:
        yield Peer("PACS", "127.0.0.1", server.server_address[1]), came
    finally:
        server.shutdown()


@pytest.fixture
def files(tmp_path):
    """A SEG and a report, as far as sending goes."""
    paths = []
    for name, kind in (("a.dcm", SegmentationStorage), ("b.dcm", ComprehensiveSRStorage)):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = kind
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.save_as(tmp_path / name, enforce_file_format=True)
        paths.append(tmp_path / name)
    return paths


def test_all_is_sent_with_the_titles_of_both(files):
    sent = []
    with destination() as (peer, came):
        assert send("ICHSEG", peer, files, sent.append) is None
    assert sent == files
    assert len(set(came)) == 2


def test_all_is_sent_over_tls_where_the_destination_has_the_right_certificate(files, tmp_path):
    trustme = pytest.importorskip("trustme")
    from certificates import encryption_of

    ours, others = trustme.CA(), trustme.CA()
    us, pacs, impostor = (
        encryption_of(authority, ours, tmp_path / name)
        for authority, name in ((ours, "us"), (ours, "pacs"), (others, "impostor"))
    )
    sent = []
    with destination(encryption=impostor) as (peer, _):
        assert not send("ICHSEG", peer, files, sent.append, us).refused
    with destination(encryption=pacs) as (peer, came):
        assert "does not answer" in send("ICHSEG", peer, files, sent.append).reason
        assert not sent
        assert send("ICHSEG", peer, files, sent.append, us) is None
    assert sent == files
    assert len(came) == 2


def test_without_a_certificate_sending_may_be_tried_again(files, tmp_path):
    gone = Encryption(*(tmp_path / f"{name}.pem" for name in ("certificate", "key", "authorities")))
    trouble = send("ICHSEG", Peer("PACS", "127.0.0.1", free_port()), files, pytest.fail, gone)
    assert (trouble.refused, "certificate" in trouble.reason) == (False, True)


def test_a_warning_comes_with_an_object_that_was_kept(files):
    sent = []
    with destination(0xB007) as (peer, _):
        assert send("ICHSEG", peer, files, sent.append) is None
    assert sent == files


@pytest.mark.parametrize(
    ("answer", "refused"),
    [(0xA700, False), (0xA900, True), (0xC000, True), (0x0122, True), (BREAK_OFF, False)],
)
def test_what_the_destination_did_not_keep_is_not_sent(files, answer, refused):
    sent = []
    with destination(0x0000, answer) as (peer, came):
        trouble = send("ICHSEG", peer, files, sent.append)
    assert trouble.refused == refused
    assert sent == files[:1]
    assert len(came) == 2


def test_an_association_that_ends_between_two_objects_is_tried_again(files):
    hung_up = threading.Event()
    sent = []

    def hang_up(event):
        threading.Timer(0.1, lambda: (event.assoc.abort(), hung_up.set())).start()
        return 0x0000

    def kept(path):
        sent.append(path)
        assert hung_up.wait(60)
        time.sleep(0.5)  # until we have heard of it too

    entity = AE("PACS")
    for kind in (SegmentationStorage, ComprehensiveSRStorage):
        entity.add_supported_context(kind)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, hang_up)])
    try:
        trouble = send("ICHSEG", Peer("PACS", "127.0.0.1", server.server_address[1]), files, kept)
    finally:
        server.shutdown()
    assert (trouble.refused, "broke off" in trouble.reason) == (False, True)
    assert sent == files[:1]


def test_where_there_is_nothing_to_send_nobody_is_called():
    assert send("ICHSEG", Peer("PACS", "127.0.0.1", free_port()), [], pytest.fail) is None


def test_a_destination_that_takes_no_reports_refuses_them(files):
    sent = []
    with destination(kinds=[SegmentationStorage]) as (peer, _):
        trouble = send("ICHSEG", peer, files, sent.append)
    assert trouble.refused
    assert "Comprehensive SR" in trouble.reason
    assert sent == files[:1]


def test_a_destination_that_is_not_there_or_does_not_know_us_may_be_tried_again(files):
    nameless = send("ICHSEG", Peer("PACS", "no-such-host.invalid", 104), files, pytest.fail)
    assert (nameless.refused, "is not found" in nameless.reason) == (False, True)
    nobody = send("ICHSEG", Peer("PACS", "127.0.0.1", free_port()), files, pytest.fail)
    assert (nobody.refused, "does not answer" in nobody.reason) == (False, True)
    with destination() as (peer, _):
        stranger = send("OTHER", peer, files, pytest.fail)
    assert (stranger.refused, "rejects us" in stranger.reason) == (False, True)


def test_the_waits_between_attempts_double_up_to_ten_minutes():
    assert [waiting_time_s(attempts) for attempts in range(4)] == [5, 10, 20, 40]
    assert waiting_time_s(7) == waiting_time_s(10**6) == LONGEST_WAIT_S == 600
