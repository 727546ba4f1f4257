"""Other programs on the same scan, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from processes import timed

PEERS = {
    "monai": "MONAI `sliding_window_inference`, the default model's fine network over the whole scan",
    "nnunet": "nnU-Net v2, network of Xu et al., no mirroring",
    "nnunet-mirrored": "nnU-Net v2, network of Xu et al., mirrored",
    "blast-ct": "BLAST-CT",
}
ALWAYS_WHOLE = ("monai",)
_PACKAGES = Path(__file__).with_name("peers.txt")
_PROGRAM = Path(__file__).with_name("peer_speed.py")


def install(folder: Path) -> None:
    """Install the programs into an empty folder, without what would bring another PyTorch."""
    if folder.is_dir() and any(folder.iterdir()):
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, "--requirement", str(_PACKAGES)], check=True)


def measured(peer: str, scan: Path, threads: int, folder: Path, whole: bool) -> dict[str, Any]:
    """What ``peer_speed.py`` tells: ``wall_s``, ``cpu_s`` of what was run, ``peak_mb``, and how many times
    (``windows``) the scan needs that."""
    path = os.pathsep.join([str(folder.resolve()), str(_PROGRAM.resolve().parents[1])])
    command = [sys.executable, str(_PROGRAM), peer, str(scan), str(threads), *["--whole"] * whole]
    said: dict[str, Any] = timed(command, PYTHONPATH=path).said[-1][1]
    return said
