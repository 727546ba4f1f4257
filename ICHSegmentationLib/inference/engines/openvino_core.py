"""OpenVINO's entry, made once for the whole process."""

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from .network import engine_errors

if TYPE_CHECKING:
    import openvino

# OpenVINO would tell its makers of every load, by a process forked for that, which may hang where there is no
# network. Without this package it tells nobody.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


_open: "WeakSet[openvino.CompiledModel]" = WeakSet()


@cache
def core() -> "openvino.Core":
    """The one core of this process, which nothing unloads.

    OpenVINO's CPU plugin gives the thread that loads it another stack for signal handlers, and takes that
    memory away when the last core goes, in whichever thread that happens: the next signal would then end the
    process without a word (openvinotoolkit/openvino#11894 brought that stack).
    """
    import openvino

    return openvino.Core()


def compiled(path: Path, threads: int | None) -> "openvino.CompiledModel":
    """The network in a file, for the CPU.

    Raises:
        EngineError: OpenVINO cannot read it.
    """
    # Some processors would else compute in bfloat16, and the result would depend on the processor.
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = str(threads)
    with engine_errors(RuntimeError):
        network = core().compile_model(str(path), "CPU", config)
    _open.add(network)
    return network


def release_memory() -> None:
    """Give back what every network in use allocated for earlier images; none may be running.

    The next image takes a little longer.
    """
    for network in _open:
        release = getattr(network, "release_memory", None)  # early versions have none
        if release is not None:
            with engine_errors(RuntimeError):
                release()
