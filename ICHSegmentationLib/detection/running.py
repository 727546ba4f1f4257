"""Opens a detector's network with the engine asked for, converted once and kept; PyTorch where one fails.

The engines of :mod:`ICHSegmentationLib.inference.engines` run networks with one image and one answer; a
detector's networks take and give several. The converted files lie in the same cache.
"""

import importlib
import logging
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from ..inference.engines import cache
from ..inference.engines.choice import PACKAGE, READ_GRAPHS
from ..inference.engines.network import EngineError, engine_errors
from ..models import ModelFolder
from ..settings import EngineName

Array = NDArray[np.float32]

_log = logging.getLogger(__name__)
_MODULES = {"jit": "run_jit", "openvino": "run_openvino", "onnxruntime": "run_onnxruntime"}
"""Of this package, each with ``FILE_NAME``, ``convert`` and ``open_file``."""


class Part(Protocol):
    """A network that is ready to run."""

    @property
    def engine(self) -> EngineName: ...
    def __call__(self, *inputs: Array) -> tuple[Array, ...]: ...


def open_part(model: ModelFolder, stage: str, engine: EngineName, device: str, threads: int | None) -> Part:
    """A stage of a detector, ready to run.

    Args:
        model: a verified model folder.
        engine: as :func:`~..inference.engines.choice.chosen_engine` gave it; where it fails, PyTorch is used.
        device: ``cpu``, ``cuda`` or ``mps``.
        threads: CPU threads; None leaves the engine's choice.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
        ImportError: PyTorch or MONAI is needed and not installed.
    """
    if engine in _MODULES:
        try:
            return _converted(model, stage, engine, threads)
        except EngineError as error:
            _log.warning("The engine %s failed (%s), so PyTorch runs the detector.", engine, error)
    from .parts import TorchPart, part_of

    return TorchPart(part_of(model, stage), device, threads)


def _converted(model: ModelFolder, stage: str, engine: str, threads: int | None) -> Part:
    if find_spec(PACKAGE[engine]) is None:
        raise EngineError(f"the package {PACKAGE[engine]} is not installed")
    module = importlib.import_module(f".{_MODULES[engine]}", __package__)
    opened: Callable[[Path], Part] = partial(module.open_file, threads=threads)
    convert = partial(_convert, module.convert, model, stage)
    with engine_errors(ImportError, OSError, RuntimeError, TypeError, ValueError):
        graph = model.graph(stage)
        if graph is not None and engine in READ_GRAPHS:
            return opened(graph)
        folder = cache.place(model.manifest.stages[stage], engine, version(PACKAGE[engine]))
        found = cache.find(folder, module.FILE_NAME)
        try:
            return opened((found or cache.keep(folder, module.FILE_NAME, convert)).path)
        except OutputError as error:
            _log.warning("The converted network cannot be kept: %s", error)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            convert(Path(temporary) / module.FILE_NAME)
            return opened(Path(temporary) / module.FILE_NAME)


def _convert(write: Callable[..., None], model: ModelFolder, stage: str, path: Path) -> tuple[int, int, int]:
    """Write the stage as an engine has it; images of a detector have one size, which its manifest names."""
    from .parts import example_of, part_of

    part = part_of(model, stage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer
        write(part, example_of(model, stage, part), path)
    return model.manifest.stages[stage].patch
