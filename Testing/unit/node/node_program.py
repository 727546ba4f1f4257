"""A node as a program of its own, for tests that kill it: PORT DESTINATION OUT MODEL."""

import logging
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "io"), str(HERE.parents[2])]


def main() -> None:
    from phantom_study import load_threshold

    from ICHSegmentationLib.node import Node, NodeSettings, parse_destination
    from ICHSegmentationLib.settings import SegmentationSettings

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    port, destination, out_dir, model = sys.argv[1:]
    settings = NodeSettings(
        title="ICHSEG",
        port=int(port),
        destination=parse_destination(destination),
        out_dir=Path(out_dir),
        address="127.0.0.1",
        quiet_s=5.0,  # longer than a busy machine may stop between two objects
        segmentation=SegmentationSettings(
            model=model, format="dcm", overwrite=True, detect=False, keep_identifiers=True
        ),
    )
    parent = os.getppid()
    with Node(settings, load_threshold) as node:
        node.run(until=lambda: os.getppid() != parent)


if __name__ == "__main__":
    main()
