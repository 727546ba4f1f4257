"""Certificates for this machine, made for one test."""

from pathlib import Path

import trustme

from ICHSegmentationLib.node import Encryption


def encryption_of(authority: trustme.CA, believed: trustme.CA, folder: Path) -> Encryption:
    """A certificate for this machine from ``authority``, and belief in those of ``believed``."""
    folder.mkdir()
    own = authority.issue_cert("127.0.0.1")
    files = Encryption(folder / "certificate.pem", folder / "key.pem", folder / "authorities.pem")
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in own.cert_chain_pems))
    own.private_key_pem.write_to_path(files.key)
    believed.cert_pem.write_to_path(files.authorities)
    return files
