"""One scan several times through ``ichseg serve --local``: what the first costs, and what each one after it.

Linux, where the system tells what a process has used so far.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from processes import ICHSEG

_TICKS = os.sysconf("SC_CLK_TCK")


def first_and_next(
    scan: Path,
    threads: int,
    engine: str,
    output: Path,
    after: int = 2,
    device: str = "cpu",
    model: str = "default",
) -> dict[str, Any]:
    """Measure one request and ``after`` more of the same scan.

    Returns:
        ``cold_s``, ``cold_cpu_s``: from the start of the process to the end of its first answer;
        ``warm_s``, ``warm_cpu_s``, ``stages_s``: of the later request that took least processor time;
        ``peak_mb``: largest resident memory up to the end of the first answer.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [*ICHSEG, "serve", "--local"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    options = ["--device", device, "--threads", str(threads), "--engine", engine, "--model", model]
    arguments = [str(scan), "-o", str(output), *options, "--overwrite"]
    _ask(process, arguments)
    cold_s, cold_cpu_s, peak_mb = time.perf_counter() - started, _cpu_s(process.pid), _peak_mb(process.pid)
    later = [_warm(process, arguments) for _ in range(after)]
    assert process.stdin
    process.stdin.close()
    process.wait()
    best = min(later, key=lambda one: one["warm_cpu_s"])
    return {"cold_s": cold_s, "cold_cpu_s": cold_cpu_s, "peak_mb": peak_mb, **best}


def _warm(process: subprocess.Popen[str], arguments: list[str]) -> dict[str, Any]:
    started, cpu = time.perf_counter(), _cpu_s(process.pid)
    stages = _ask(process, arguments)
    return {
        "warm_s": time.perf_counter() - started,
        "warm_cpu_s": _cpu_s(process.pid) - cpu,
        "stages_s": stages,
    }


def _ask(process: subprocess.Popen[str], arguments: list[str]) -> dict[str, float]:
    """Wait for the whole answer, and give the seconds of its stages."""
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps({"id": "1", "command": "segment", "arguments": arguments}) + "\n")
    process.stdin.flush()
    stages: dict[str, float] = {}
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "result":
            stages = event["measurements"]["timings_s"]
        if event["event"] == "done" and event["exit_code"] == 0:
            return stages
        if event["event"] in ("failed", "done"):
            sys.exit(f"ichseg serve: {line}")
    sys.exit(f"ichseg serve ended with {process.wait()}")


def _cpu_s(pid: int) -> float:
    """User and system time of all threads of a process: fields 14 and 15 of /proc/PID/stat, see proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6
