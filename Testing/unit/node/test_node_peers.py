"""Whom the node speaks with."""

import pytest

pytest.importorskip("pynetdicom")

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.node.peers import Accepted, Peer, parse_destination, parse_peer


def test_peers_are_read():
    assert parse_destination("PACS@192.0.2.5:104") == Peer("PACS", "192.0.2.5", 104)
    assert parse_destination("PACS@[2001:db8::5]:104") == Peer("PACS", "2001:db8::5", 104)
    assert parse_peer("CT ROOM 1@ct1.example.org") == Peer("CT ROOM 1", "ct1.example.org")
    assert parse_peer("CT1@[2001:db8::5]") == Peer("CT1", "2001:db8::5")


@pytest.mark.parametrize(
    "text", ["", "PACS", "@host", "PACS@", "PACS@host:104", "TITLE OF SEVENTEEN@h", "A\\B@host", " A@host"]
)
def test_what_is_no_peer_is_told(text):
    with pytest.raises(InputError, match="Expected"):
        parse_peer(text)


@pytest.mark.parametrize("text", ["PACS@host", "PACS@host:", "PACS@host:0", "PACS@host:70000", "PACS@host:x"])
def test_a_destination_needs_a_port(text):
    with pytest.raises(InputError, match="AET@HOST:PORT"):
        parse_destination(text)


def test_a_caller_needs_the_title_and_the_address_of_the_same_peer():
    accepted = Accepted([Peer("PACS", "192.0.2.5", 104), Peer("CT1", "192.0.2.6")])
    assert accepted.caller("PACS", "192.0.2.5")
    assert accepted.caller("CT1", "::ffff:192.0.2.6")
    assert not accepted.caller("PACS", "192.0.2.6")
    assert not accepted.caller("pacs", "192.0.2.5")
    assert accepted.address("192.0.2.6")
    assert not accepted.address("192.0.2.7")


def test_a_host_without_an_address_is_told():
    with pytest.raises(InputError, match="no address"):
        Accepted([Peer("PACS", "no-such-host.invalid")])
