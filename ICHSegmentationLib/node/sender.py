"""The node's mouth: sends results to the destination through C-STORE, and says what came of it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE

from ..errors import InputError
from ..io.dicom_slices import reading
from .encryption import Encryption
from .peers import Peer

_log = logging.getLogger(__name__)

SHORTEST_WAIT_S, LONGEST_WAIT_S = 5.0, 600.0
_CONNECTION_S, _ANSWER_S = 10.0, 60.0

# Answers to C-STORE (PS3.4, B.2.3): warnings come with an object that was kept; out of resources will pass.
_SUCCESS, _WARNINGS = 0x0000, range(0xB000, 0xC000)
_OUT_OF_RESOURCES = range(0xA700, 0xA800)


@dataclass(frozen=True)
class Trouble:
    """Why results could not be sent.

    Attributes:
        refused: the destination said no to an object, and will likely do so again.
    """

    reason: str
    refused: bool = False


def send(
    title: str,
    destination: Peer,
    files: Sequence[Path],
    sent: Callable[[Path], None],
    encryption: Encryption | None = None,
) -> Trouble | None:
    """Send DICOM files over one association; each one that the destination keeps is told to ``sent``.

    Without files nobody is called.

    Args:
        title: our own AE title.
        destination: with its port.
        encryption: None sends openly.

    Raises:
        NotAnImageError, InputError: a file has gone or is damaged.
    """
    if not files:
        return None
    objects = []
    for path in files:
        with reading(path):
            objects.append((path, pydicom.dcmread(path)))
    entity = AE(title)
    entity.connection_timeout = _CONNECTION_S
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _ANSWER_S
    for kind in {str(dataset.SOPClassUID) for _, dataset in objects}:
        entity.add_requested_context(kind, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    try:
        association = entity.associate(
            destination.host,
            destination.port or 104,
            ae_title=destination.title,
            tls_args=(encryption.for_calls(), destination.host) if encryption else None,
        )
    except InputError as error:  # somebody is renewing a certificate
        return Trouble(error.message.rstrip("."))
    except OSError as error:  # its name has no address at the moment
        return Trouble(f"{destination} is not found ({error})")
    if not association.is_established:
        return Trouble(f"{destination} {'rejects us' if association.is_rejected else 'does not answer'}")
    try:
        for path, dataset in objects:
            accepted = {context.abstract_syntax for context in association.accepted_contexts}
            if dataset.SOPClassUID not in accepted:
                return Trouble(f"{destination} takes no {dataset.SOPClassUID.name}", refused=True)
            try:
                answer = association.send_c_store(dataset)
            except RuntimeError:  # it was ended after the last answer
                return Trouble(f"{destination} broke off")
            if trouble := _answer(answer, destination):
                return trouble
            sent(path)
    finally:
        association.release()
    return None


def waiting_time_s(attempts: int) -> float:
    """How long to wait after so many attempts: 5 s, then twice as long each time, up to 10 minutes."""
    return float(min(LONGEST_WAIT_S, SHORTEST_WAIT_S * 2 ** min(attempts, 16)))


def _answer(answer: pydicom.Dataset, destination: Peer) -> Trouble | None:
    status = answer.get("Status")
    if status is None:
        return Trouble(f"{destination} broke off")
    if status == _SUCCESS or status in _WARNINGS:
        return None
    return Trouble(f"{destination} answers 0x{status:04X}", refused=status not in _OUT_OF_RESOURCES)
