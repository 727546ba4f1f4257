"""Which GPU is here, and how busy it is while something runs."""

import subprocess
import sys
import threading
import time
from types import TracebackType

_EVERY_MS = 100
_QUERY = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0"]


def gpu_name() -> str | None:
    """The name of the GPU that PyTorch would use; None without one. Asked in another process."""
    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
    return told or None


class GpuWatch:
    """Asks nvidia-smi ten times a second, while the block lasts, for which share of its own latest period (up
    to a second) any program computed on the first GPU."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []

    def __enter__(self) -> "GpuWatch":
        command = [*_QUERY, f"--loop-ms={_EVERY_MS}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def busy(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The mean share, 0 to 1, between two times of ``time.perf_counter()``."""
        shares = [share for at, share in self._seen if since <= at <= until]
        if not shares:
            sys.exit("nvidia-smi told nothing of the GPU.")
        return sum(shares) / len(shares)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._seen.append((time.perf_counter(), float(line) / 100))
