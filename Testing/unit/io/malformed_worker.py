"""Reads inputs in a process of its own, whose memory is limited: ``python malformed_worker.py FOLDER FIRST``.

Writes one line of JSON for each input of :mod:`malformed`, beginning with number ``FIRST``, before and after
it is read, so that whoever waits knows which one brought the process down.
"""

import json
import sys
import time
import warnings
from pathlib import Path

from malformed import CASES

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.io import read_ct

MEMORY = 512 << 20
"""Bytes that reading may take beyond what the process has when its libraries are loaded."""


def main(folder: Path, first: int) -> None:
    _warm_up()
    _limit_memory()
    for number, (name, case) in enumerate(CASES.items()):
        if number < first:
            continue
        place = folder / str(number)
        place.mkdir()
        path = case.make(place)
        _say({"begun": name})
        started = time.process_time()
        try:
            volume = read_ct(path)
            answer = {"shape": list(volume.voxels.shape)}
        except ICHError as error:
            answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test looks for
            answer = {"broken": f"{type(error).__name__}: {error}"}
        _say({"name": name, **answer, "seconds": time.process_time() - started})


def _warm_up() -> None:
    import ICHSegmentationLib.io.dicom_series
    import ICHSegmentationLib.io.nifti  # noqa: F401

    warnings.simplefilter("ignore")


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))


def _say(line: dict) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
