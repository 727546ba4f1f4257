"""The node's ear: answers C-ECHO and takes CT through C-STORE, from listed peers only."""

import logging
import threading
from typing import TYPE_CHECKING, cast

from pydicom.uid import (
    JPEG2000,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    LegacyConvertedEnhancedCTImageStorage,
    RLELossless,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from ..errors import InputError, NotWritableError, OutputError
from .connections import GuardedServer, GuardedTlsSocket
from .inbox import Inbox
from .peers import Accepted
from .settings import NodeSettings

if TYPE_CHECKING:
    from pynetdicom.events import Event

_log = logging.getLogger(__name__)

KINDS = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)

# What the reader of series decodes. Not the deflated one: a few bytes of it may hold gigabytes.
SYNTAXES = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1, JPEGLossless, JPEGLSLossless,
    JPEG2000Lossless, JPEG2000, RLELossless,
)  # fmt: skip

# Answers to C-STORE (PS3.4, B.2.3) and to a request for an association (PS3.8, 9.3.4).
SUCCESS, OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
_REJECTED_FOR_GOOD, _BY_USER, _CALLING_TITLE_NOT_RECOGNISED = 0x01, 0x01, 0x03


class Receiver:
    """Listens from the moment it is made until :meth:`close`.

    Raises:
        OutputError: the port is taken, or may not be listened on.
        InputError: a listed host has no address.
    """

    def __init__(self, settings: NodeSettings, inbox: Inbox) -> None:
        self._inbox = inbox
        self._accepted = Accepted([settings.destination, *settings.accept])
        try:
            self._server = self._listening(settings)
        except OSError as error:
            raise _cannot_listen(settings, error) from error
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.end()

    def _listening(self, settings: NodeSettings) -> GuardedServer:
        limits = settings.limits
        entity = AE(settings.title)
        entity.require_called_aet = True
        entity.maximum_associations = limits.associations
        entity.acse_timeout = entity.network_timeout = entity.dimse_timeout = limits.idle_s
        entity.add_supported_context(Verification)
        for kind in KINDS:
            entity.add_supported_context(kind, list(SYNTAXES))
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._store),
        ]
        where = (settings.address, settings.port)
        server = cast(
            GuardedServer, entity.make_server(where, evt_handlers=handlers, server_class=GuardedServer)
        )
        server.accepted, server.limits = self._accepted, limits
        if settings.encryption is not None:
            server.encryption = settings.encryption.for_callers()
            server.encryption.sslsocket_class = GuardedTlsSocket
        return server

    def _requested(self, event: "Event") -> None:
        """Turn away a caller whose title and address do not belong together in the list."""
        caller = event.assoc.requestor
        title = str(caller.primitive.calling_ae_title).strip() if caller.primitive else ""
        if self._accepted.caller(title, str(caller.address)):
            return
        _log.warning("An association was refused: no listed peer is %r at %s.", title, caller.address)
        event.assoc.acse.send_reject(_REJECTED_FOR_GOOD, _BY_USER, _CALLING_TITLE_NOT_RECOGNISED)
        event.assoc.kill()

    def _store(self, event: "Event") -> int:
        try:
            self._inbox.keep(event.encoded_dataset())
        except InputError as error:
            _log.warning("An object was refused: %s", error.message)
            return CANNOT_UNDERSTAND
        except OutputError as error:
            _log.error("An object could not be kept: %s", error)
            return OUT_OF_RESOURCES
        return SUCCESS


def _cannot_listen(settings: NodeSettings, error: OSError) -> OutputError:
    if isinstance(error, PermissionError):
        return NotWritableError(
            f"Listening on port {settings.port} is not permitted ({error.strerror}).",
            "Take a port from 1024 on, such as 11112.",
        )
    return OutputError(
        f"Listening on port {settings.port} is not possible ({error.strerror}).",
        "Take another port, or end the program that listens there.",
    )
