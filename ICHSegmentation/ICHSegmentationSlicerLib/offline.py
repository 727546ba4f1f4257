"""How to set up a computer that cannot reach the internet."""

from __future__ import annotations

import platform
from pathlib import Path

from .torch_install import OLDEST
from .translation import tr as _


def offline_hint(requirements: Path) -> str:
    """One sentence on what failed, then the instructions."""
    return (
        _("Check the network and try again. Without a network:") + "\n" + offline_instructions(requirements)
    )


def offline_instructions(requirements: Path) -> str:
    """Step by step, for the Python and the system that run this."""
    major, minor, _patch = platform.python_version_tuple()
    torch = "torch>=" + ".".join(map(str, OLDEST))
    return "\n".join(
        [
            _(
                "1. On a computer with internet, the same system ({system}, {machine}) and Python "
                "{version}, copy {file} into an empty folder and run there:"
            ).format(
                system=platform.system(),
                machine=platform.machine(),
                version=f"{major}.{minor}",
                file=requirements,
            ),
            f'   python -m pip download -d wheels "{torch}" -r {requirements.name}',
            _("2. Bring the folder here, and run in it, with the PythonSlicer of Slicer's bin folder:"),
            f'   PythonSlicer -m pip install --no-index --find-links wheels "{torch}" -r {requirements.name}',
            _("3. Restart Slicer. The embedded model needs no download."),
        ]
    )
