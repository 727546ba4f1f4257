"""How the node listens, waits and sends."""

from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from ..errors import InputError
from ..settings import SegmentationSettings
from .encryption import Encryption
from .peers import Peer, require_title

_SEGMENTATION = SegmentationSettings(format="dcm", overwrite=True, keep_identifiers=True)


@dataclass(frozen=True)
class Limits:
    """What a peer may ask of the node at most.

    Attributes:
        associations: at one time; more are told to come later.
        object_bytes: size of one DICOM object; a head CT in one multi-frame file has up to 160 MB.
        pdu_bytes: size of one packet; the node asks for 16 KiB, and few senders go beyond it.
        idle_s: seconds without a single byte after which an association is ended.
        object_s: seconds that one object may take from its first byte to its last.
        free_bytes: room that must stay free on the disk; with less, objects are refused for now.
    """

    associations: int = 8
    object_bytes: int = 256 * 2**20
    pdu_bytes: int = 2**20
    idle_s: float = 60.0
    object_s: float = 300.0
    free_bytes: int = 2 * 2**30


@dataclass(frozen=True)
class NodeSettings:
    """What ``ichseg serve --dicom`` was asked to do.

    Attributes:
        title: the node's own AE title.
        port: where it listens; 0 takes a free one.
        destination: where results are sent.
        accept: who may send; the destination may too.
        out_dir: holds the queue, what was received and is not done yet, and the results.
        address: where it listens; empty is every address of the machine.
        quiet_s: seconds without a new object after which a study is complete.
        segmentation: how a series is segmented; the results are always in DICOM.
        keep_identifiers: keep the results in DICOM, which name the patient, when they have been sent.
        encryption: of what is received and sent; None leaves it open.
        longest_s: seconds after which the segmentation of a study is taken for hung.
    """

    title: str
    port: int
    destination: Peer
    out_dir: Path
    accept: tuple[Peer, ...] = ()
    address: str = ""
    quiet_s: float = 60.0
    segmentation: SegmentationSettings = _SEGMENTATION
    keep_identifiers: bool = False
    encryption: Encryption | None = None
    longest_s: float = 3600.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        require_title(self.title)
        if self.destination.port is None:
            raise InputError(f"Expected a destination with a port, found {self.destination}.")
        if self.segmentation.format != "dcm" or not self.segmentation.overwrite:
            raise InputError("A node writes DICOM, and replaces an earlier result of the same series.")
        if not self.segmentation.keep_identifiers:
            raise InputError("What a node sends must name the patient, or no archive can file it.")
        if not 0 <= self.port < 65536:
            raise InputError(f"Expected a port between 1 and 65535, found {self.port}.")
        if not 0 <= self.quiet_s < inf:
            raise InputError(f"Expected 0 seconds or more without a new object, found {self.quiet_s:g}.")
