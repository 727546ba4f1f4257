"""The Python that runs the library: Slicer's own, or one that a site provides."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ICHSegmentationLib.errors import DependencyError

from .line_process import Command
from .translation import tr as _

_OF_ITK = ("ITK_AUTOLOAD_PATH", "SITK_AUTOLOAD_PATH")
"""Slicer's own plug-ins, which another process must not load."""


@dataclass(frozen=True)
class Interpreter:
    """A Python with what it needs to find the library.

    Attributes:
        program: path of the interpreter, or of a launcher of it.
        environment: of the processes started with it, apart from what :meth:`ichseg` adds.
        library_folder: the folder that holds ``ICHSegmentationLib``.
        is_slicers: not an external one.
    """

    program: str
    environment: Mapping[str, str]
    library_folder: Path
    is_slicers: bool = True

    def ichseg(self, arguments: Sequence[str]) -> Command:
        """The command ``ichseg`` with these arguments."""
        earlier = self.environment.get("PYTHONPATH", "")
        paths = [str(self.library_folder), *([earlier] if earlier else [])]
        environment = {
            **self.environment,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONFAULTHANDLER": "1",  # a crash then tells where it happened
        }
        return Command(
            self.program, ["-m", "ICHSegmentationLib", *arguments], environment, self.library_folder
        )


def slicers_interpreter(
    library_folder: Path,
    environment: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
) -> Interpreter:
    """Slicer's own Python, which Slicer puts on its ``PATH``.

    Raises:
        DependencyError: it is not there.
    """
    program = which("PythonSlicer")
    if program is None:
        raise DependencyError(
            _("Expected PythonSlicer beside Slicer, found none."),
            _("Install Slicer again, or choose an external Python in the settings."),
        )
    return Interpreter(program, _without(environment, _OF_ITK), library_folder)


def external_interpreter(program: Path, library_folder: Path, environment: Mapping[str, str]) -> Interpreter:
    """A Python outside Slicer; ``environment`` is the one that Slicer itself was started with.

    Nothing in it that begins with ``PYTHON`` is kept: it would lead to Slicer's packages.

    Raises:
        DependencyError: there is no such file, or it may not be run.
    """
    if not program.is_file() or not os.access(program, os.X_OK):
        raise DependencyError(
            _("Expected a Python interpreter at {program}, found none that can be run.").format(
                program=program
            ),
            _("Choose the python (python.exe on Windows) of an environment that holds PyTorch and MONAI."),
        )
    pythons = [name for name in environment if name.upper().startswith("PYTHON")]
    cleaned = _without(environment, [*pythons, *_OF_ITK])
    return Interpreter(str(program), cleaned, library_folder, is_slicers=False)


def _without(environment: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in names}
