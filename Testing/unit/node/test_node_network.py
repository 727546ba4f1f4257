"""Whom the node lets in, and what it lets them do: callers, limits, slow and endless senders."""

import socket
import struct
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

pytest.importorskip("pynetdicom")

from dicom_maker import head_series, slice_dataset
from orthanc_server import wait_for
from pydicom.uid import CTImageStorage, MRImageStorage
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from ICHSegmentationLib.errors import DiskFullError, InputError, NotAnImageError, OutputError
from ICHSegmentationLib.node.peers import Peer
from ICHSegmentationLib.node.receiver import Receiver
from ICHSegmentationLib.node.settings import Limits, NodeSettings

PATIENCE_S = 120
PROMPT = Limits(idle_s=PATIENCE_S, object_s=PATIENCE_S)
A_ASSOCIATE_RQ = 0x01


class FakeInbox:
    """Remembers what it is given; ``trouble`` is raised instead."""

    def __init__(self):
        self.kept, self.trouble = [], None
        self.held = threading.Event()
        self.held.set()

    def keep(self, content):
        self.held.wait(PATIENCE_S)
        if self.trouble:
            raise self.trouble
        self.kept.append(content)


@pytest.fixture
def inbox():
    return FakeInbox()


@pytest.fixture
def listening(inbox, tmp_path):
    """Makes a receiver for CALLER at this machine, with these limits."""

    @contextmanager
    def listen(limits=PROMPT, encryption=None):
        peer = Peer("CALLER", "127.0.0.1", 104)
        settings = NodeSettings(
            "ICHSEG", 0, peer, tmp_path, address="127.0.0.1", limits=limits, encryption=encryption
        )
        receiver = Receiver(settings, inbox)
        try:
            yield receiver
        finally:
            receiver.close()

    return listen


def call(
    receiver, title="CALLER", called="ICHSEG", kinds=(CTImageStorage,), source=("127.0.0.1", 0), tls=None
):
    entity = AE(title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = PATIENCE_S
    for kind in (Verification, *kinds):
        entity.add_requested_context(kind)
    return entity.associate("127.0.0.1", receiver.port, ae_title=called, bind_address=source, tls_args=tls)


def test_a_listed_peer_may_echo_and_store_ct_and_nothing_else(listening, inbox):
    series = head_series(1)
    with listening() as receiver:
        association = call(receiver, kinds=(CTImageStorage, MRImageStorage))
        assert association.send_c_echo().Status == 0
        assert association.send_c_store(slice_dataset(series, 0)).Status == 0
        assert MRImageStorage in {context.abstract_syntax for context in association.rejected_contexts}
        association.release()
    (content,) = inbox.kept
    assert content[128:132] == b"DICM"
    assert series.stored.tobytes() in content


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (InputError("Expected a CT."), 0xC000),
        (NotAnImageError("Damaged."), 0xC000),
        (DiskFullError("Full."), 0xA700),
    ],
)
def test_what_is_not_kept_is_not_acknowledged(listening, inbox, trouble, status):
    inbox.trouble = trouble
    with listening() as receiver:
        association = call(receiver)
        assert association.send_c_store(slice_dataset(head_series(1), 0)).Status == status
        association.release()


@pytest.mark.parametrize("names", [{"title": "STRANGER"}, {"called": "OTHER"}])
def test_an_unlisted_title_and_a_wrong_called_title_are_rejected(listening, names):
    with listening() as receiver:
        assert call(receiver, **names).is_rejected


def test_over_tls_only_who_shows_a_certificate_of_our_authority_is_heard(listening, inbox, tmp_path):
    trustme = pytest.importorskip("trustme")
    from certificates import encryption_of

    ours, others = trustme.CA(), trustme.CA()
    node, peer, stranger = (
        encryption_of(authority, ours, tmp_path / name)
        for authority, name in ((ours, "node"), (ours, "peer"), (others, "stranger"))
    )
    with listening(encryption=node) as receiver:
        assert not call(receiver).is_established
        assert not call(receiver, tls=(stranger.for_calls(), "127.0.0.1")).is_established
        assert not call(receiver, tls=(peer.for_calls(), "another.host")).is_established
        association = call(receiver, tls=(peer.for_calls(), "127.0.0.1"))
        assert association.send_c_store(slice_dataset(head_series(1), 0)).Status == 0
        association.release()
        assert not call(receiver, title="STRANGER", tls=(peer.for_calls(), "127.0.0.1")).is_established
    assert len(inbox.kept) == 1


def test_limits_hold_over_tls_too(listening, inbox, tmp_path):
    trustme = pytest.importorskip("trustme")
    from certificates import encryption_of

    ours = trustme.CA()
    node, peer = (encryption_of(ours, ours, tmp_path / name) for name in ("node", "peer"))
    with listening(replace(PROMPT, object_bytes=20_000), encryption=node) as receiver:
        association = call(receiver, tls=(peer.for_calls(), "127.0.0.1"))
        assert association.is_established
        large = slice_dataset(head_series(1), 0)
        large.PixelData = bytes(100_000)
        assert "Status" not in association.send_c_store(large)
    assert not inbox.kept


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a whole network of local addresses")
def test_a_listed_title_from_an_unlisted_address_gets_no_answer(listening):
    with listening() as receiver:
        association = call(receiver, source=("127.0.0.2", 0))
        assert not association.is_established
        assert not association.is_rejected


def test_more_associations_than_allowed_are_rejected_until_one_ends(listening):
    with listening(replace(PROMPT, associations=1)) as receiver:
        first = call(receiver)
        assert first.is_established
        assert call(receiver).is_rejected
        first.release()
        # The node may need a moment to see the first one's end.
        wait_for(lambda: release(call(receiver)), "the ended association still counts")


def test_an_object_that_is_too_large_ends_the_association(listening, inbox):
    with listening(replace(PROMPT, object_bytes=100_000)) as receiver:
        dataset = slice_dataset(head_series(1), 0)
        association = call(receiver)
        for _ in range(3):  # smaller ones add up to more, each is acknowledged
            dataset.PixelData = bytes(60_000)
            assert association.send_c_store(dataset).Status == 0
        dataset.PixelData = bytes(400_000)
        assert "Status" not in association.send_c_store(dataset)
    assert len(inbox.kept) == 3


def release(association) -> bool:
    """Whether it was established."""
    established = association.is_established
    association.release()
    return established


@contextmanager
def raw(receiver):
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=PATIENCE_S) as connection:
        yield connection


def is_ended(connection) -> bool:
    """Whether the node closes the connection, whatever it says before; waits for it."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


def test_a_caller_that_says_nothing_is_cut_off(listening):
    with listening(Limits(idle_s=0.3)) as receiver, raw(receiver) as connection:
        assert is_ended(connection)


def test_a_packet_that_is_begun_and_not_ended_is_cut_off(listening):
    with listening(Limits(idle_s=0.3)) as receiver, raw(receiver) as connection:
        connection.sendall(struct.pack(">BBL", A_ASSOCIATE_RQ, 0, 1000) + bytes(10))
        assert is_ended(connection)


def test_a_packet_that_drips_is_cut_off_though_something_always_comes(listening):
    with listening(Limits(idle_s=PATIENCE_S, object_s=0.5)) as receiver, raw(receiver) as connection:
        connection.sendall(struct.pack(">BBL", A_ASSOCIATE_RQ, 0, 100_000))
        ended = threading.Event()

        def drip() -> None:
            try:
                while not ended.wait(0.05):
                    connection.sendall(b"\0")
            except OSError:
                pass

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert is_ended(connection)
        finally:
            ended.set()
            thread.join()


def test_a_packet_that_claims_gigabytes_is_cut_off_at_once(listening):
    with listening() as receiver, raw(receiver) as connection:
        connection.sendall(struct.pack(">BBL", A_ASSOCIATE_RQ, 0, 2**32 - 1))
        assert is_ended(connection)


def test_silent_connections_do_not_keep_others_out(listening):
    with listening(replace(PROMPT, associations=4)) as receiver, raw(receiver), raw(receiver), raw(receiver):
        association = call(receiver)
        assert association.send_c_echo().Status == 0
        association.release()


def test_a_port_that_is_taken_is_told(listening, tmp_path, inbox):
    with listening() as receiver:
        peer = Peer("CALLER", "127.0.0.1", 104)
        settings = NodeSettings("ICHSEG", receiver.port, peer, tmp_path, address="127.0.0.1")
        with pytest.raises(OutputError, match="port"):
            Receiver(settings, inbox)
