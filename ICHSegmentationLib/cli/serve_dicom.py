"""``ichseg serve --dicom``"""

import logging
from argparse import Namespace
from contextlib import suppress

from ..errors import CancelledError, InputError
from ..settings import SegmentationSettings


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
    )
    with suppress(CancelledError), node.Node(settings) as running:
        running.run()
    return 0
