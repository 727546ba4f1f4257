"""``ichseg serve --dicom``"""

import logging
from argparse import Namespace
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import InputError
from ..settings import SegmentationSettings

if TYPE_CHECKING:
    from ..node import Encryption


def run(options: Namespace) -> int:
    """Be a DICOM node until a signal ends it, which is no failure; what it does goes to the log."""
    for name in ("destination", "output"):
        if getattr(options, name) is None:
            raise InputError(f"--dicom needs --{name}.", "'ichseg serve --help' tells what it is.")
    from .. import node

    if not options.debug:
        logging.getLogger(node.__name__).setLevel(logging.INFO)
    segmentation = SegmentationSettings(
        model=options.model,
        device=options.device,
        engine=options.engine,
        threads=options.threads,
        format="dcm",
        overwrite=True,
        uncertainty=options.uncertainty,
        subtypes=options.subtypes,
        secondary_capture=options.secondary_capture,
        keep_identifiers=True,  # it is the destination that files the results with the patient
        detect=options.detect,
        detector=options.detector,
    )
    settings = node.NodeSettings(
        title=options.aet,
        port=options.dicom,
        destination=node.parse_destination(options.destination),
        out_dir=options.output,
        accept=tuple(node.parse_peer(peer) for peer in options.accept),
        address=options.bind,
        quiet_s=options.quiet,
        segmentation=segmentation,
        keep_identifiers=options.keep_identifiers,
        encryption=_encryption(options),
    )
    with suppress(KeyboardInterrupt), node.Node(settings) as running:
        running.run()
    return 0


def _encryption(options: Namespace) -> "Encryption | None":
    from ..node import Encryption

    files = (options.tls_certificate, options.tls_key, options.tls_authorities)
    if not any(files):
        return None
    if not all(files):
        raise InputError(
            "Expected --tls-certificate, --tls-key and --tls-authorities together, found only some of them.",
            "Both sides of an encrypted connection show a certificate.",
        )
    return Encryption(*files)
