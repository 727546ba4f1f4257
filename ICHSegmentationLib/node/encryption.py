"""DICOM over TLS (PS3.15, annex B): both sides show a certificate, and believe only certain authorities."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError


@dataclass(frozen=True)
class Encryption:
    """Files in PEM.

    Attributes:
        certificate: ours, and those between it and its authority.
        key: that belongs to it, without a passphrase.
        authorities: who may have signed the certificates of peers; with the destination's host in its own.
    """

    certificate: Path
    key: Path
    authorities: Path

    def for_callers(self) -> ssl.SSLContext:
        """What our server needs; callers without a certificate that we believe get no further.

        Raises:
            InputError: a file is missing, or is something else.
        """
        return self._context(ssl.PROTOCOL_TLS_SERVER)

    def for_calls(self) -> ssl.SSLContext:
        """What we need to call; the peer's certificate must name its host.

        Raises:
            InputError: a file is missing, or is something else.
        """
        return self._context(ssl.PROTOCOL_TLS_CLIENT)

    def _context(self, protocol: "ssl._SSLMethod") -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_passphrase)
            context.load_verify_locations(cafile=self.authorities)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise InputError(
                "Expected a certificate, its key and authorities in PEM, found something else in "
                f"{self.certificate}, {self.key} or {self.authorities} ({error}).",
                "The administrator of the PACS knows which authority signs; the key must have no passphrase.",
            ) from error
        return context


def _no_passphrase() -> str:
    """Instead of a question on the terminal, which nobody may sit at."""
    raise ValueError("the key has a passphrase")
