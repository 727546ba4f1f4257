"""Segments many head CTs in a Slicer without a window, with the worker that the panel's batch section uses.

    Slicer --no-main-window --python-script Scripts/batch_segment.py SCANS... -o RESULTS

SCANS are image files, folders with one DICOM series, or folders of such files and folders. RESULTS gets a
folder for each scan, and summary.csv. A scan that has a result already keeps it, so that an interrupted batch
can be started again. Slicer's exit code is 0 when every scan has a result.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# In a Slicer without the extension, this clone's module is used.
if importlib.util.find_spec("ICHSegmentationSlicerLib") is None:
    sys.path.append(str(Path(__file__).resolve().parents[1] / "ICHSegmentation"))

from ICHSegmentationSlicerLib import MODULE_FOLDER

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.events import Event, Failed, Finished, Started, Warned
from ICHSegmentationLib.settings import DEVICES, SegmentationSettings

_PAUSE_S = 0.01


def parser() -> argparse.ArgumentParser:
    defaults = SegmentationSettings()
    parser = argparse.ArgumentParser(prog="batch_segment.py", description="Segment many head CTs.")
    parser.add_argument("scans", nargs="+", type=Path, metavar="SCANS")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RESULTS")
    parser.add_argument("--model", default=defaults.model, help="installed model or model folder")
    parser.add_argument("--device", choices=DEVICES, default=defaults.device)
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    return parser


def segment_all(arguments: Sequence[str], setup: Any, process_events: Callable[[], None]) -> int:
    """Segment, and wait; gives the exit code.

    Args:
        setup: see :class:`ICHSegmentationSlicerLib.set_up.SetUp`.
        process_events: lets Qt work.
    """
    try:
        options = parser().parse_args(arguments)
    except SystemExit as asked:  # argparse has told why; the exit is Slicer's own
        return int(asked.code or 0)
    settings = SegmentationSettings(model=options.model, device=options.device, overwrite=options.overwrite)
    ended: list[Any] = []
    try:
        setup.require_ready(settings.model)
        scans = [scan for given in options.scans for scan in _scans_of(given, setup)]
        worker = setup.make_batch_worker(_tell, ended.append)
        worker.start_all(scans, options.output, settings)
    except ICHError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    while not ended:
        process_events()
        time.sleep(_PAUSE_S)  # or waiting would take a processor core from the run
    (outcome,) = ended
    done = sum(line.state == "done" for line in worker.lines)
    print(f"{done} of {len(scans)} scans have a result in {options.output}.", flush=True)
    if worker.summary_trouble:
        print(f"Error: {worker.summary_trouble}", file=sys.stderr)
    if outcome.kind != "done":
        print(f"Error: {outcome.message} {outcome.hint}".strip(), file=sys.stderr)
    return 0 if outcome.kind == "done" else 1


def _scans_of(given: Path, setup: Any) -> list[Path]:
    return setup.scans_in(given) if given.is_dir() else [given]


def _tell(event: Event) -> None:
    if isinstance(event, Started):
        print(f"{event.case}: {event.input}", flush=True)
    elif isinstance(event, Warned):
        print(f"{event.case}: {event.message}", flush=True)
    elif isinstance(event, Finished):
        print(f"{event.case}: {event.measurements['total_volume_ml']:.1f} mL", flush=True)
    elif isinstance(event, Failed):
        print(f"{event.case}: {event.message} {event.hint}".strip(), file=sys.stderr, flush=True)


def main() -> None:
    import slicer
    from ICHSegmentationSlicerLib.set_up import slicers_set_up

    code = ICHError.exit_code
    try:
        setup = slicers_set_up(MODULE_FOLDER / "Resources", Path(slicer.app.temporaryPath))
        code = segment_all(sys.argv[1:], setup, slicer.app.processEvents)
    finally:  # or Slicer would wait without a window, for ever
        slicer.util.exit(code)


if __name__ == "__main__":
    main()
