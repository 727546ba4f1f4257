"""Opens a stage's network with the engine asked for, or the fastest that is here; PyTorch where one fails."""

import importlib
import logging
import tempfile
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from ...errors import OutputError
from ...models import ModelFolder
from ...settings import EngineName
from . import cache
from .choice import PACKAGE, READ_GRAPHS
from .network import EngineError, Network, engine_errors

_log = logging.getLogger(__name__)

_MODULES = {
    "jit": "jit_network",
    "openvino": "openvino_network",
    "onnxruntime": "onnxruntime_network",
}
"""Of this package, each with ``FILE_NAME``, ``convert`` and ``open_file``."""


@dataclass(frozen=True)
class Opened:
    """A network, and what a user should know of how it was opened."""

    network: Network
    warnings: tuple[str, ...] = ()


def open_network(
    model: ModelFolder, stage: str, engine: EngineName, device: str = "cpu", threads: int | None = None
) -> Opened:
    """The stage's network, ready to run.

    Args:
        model: a verified model folder.
        engine: as :func:`~.choice.chosen_engine` gave it. Where it fails, PyTorch is used, with a warning.
        device: ``cpu``, ``cuda`` or ``mps``; other than PyTorch, engines run on the CPU.
        threads: CPU threads; None leaves the engine's choice.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
        ImportError: PyTorch or MONAI is needed and not installed.
    """
    if engine in _MODULES:
        try:
            return Opened(_converted(model, stage, engine, threads))
        except EngineError as error:
            _log.debug("Where it came from:", exc_info=True)
            return Opened(_torch(model, stage, "torch", device, threads), (fell_back(engine, error),))
    return Opened(_torch(model, stage, engine, device, threads))


def fell_back(engine: str, error: EngineError) -> str:
    """The sentence for a user whose engine failed."""
    return f"The engine {engine} failed ({error}), so PyTorch was used."


def _torch(model: ModelFolder, stage: str, engine: str, device: str, threads: int | None) -> Network:
    import torch

    from .computing import Computing
    from .torch_network import TorchNetwork

    return TorchNetwork(model, stage, Computing(torch.device(device), engine == "amp"), threads)


def _converted(model: ModelFolder, stage: str, engine: str, threads: int | None) -> Network:
    """The network that the model brings; else from the cache, or converted now and kept there.

    Raises:
        EngineError: the engine is not installed, or cannot convert or open this network.
    """
    package = PACKAGE[engine]
    if find_spec(package) is None:
        raise EngineError(f"the package {package} is not installed")
    module = importlib.import_module(f".{_MODULES[engine]}", __package__)
    with engine_errors(ImportError, OSError, RuntimeError, TypeError, ValueError):
        graph = model.manifest.stages[stage].graph
        if graph is not None and engine in READ_GRAPHS:
            return module.open_file(model.graph(stage), graph.divisor, threads)  # type: ignore[no-any-return]
        folder = cache.place(model.manifest.stages[stage], engine, version(package))
        found = cache.find(folder, module.FILE_NAME)
        if found is None:
            return _made(model, stage, folder, module, threads)
        return module.open_file(found.path, found.divisor, threads)  # type: ignore[no-any-return]


def _made(model: ModelFolder, stage: str, folder: Path, module: ModuleType, threads: int | None) -> Network:
    """Converted now; each time anew where the cache cannot be written."""
    try:
        made = cache.keep(folder, module.FILE_NAME, partial(module.convert, model, stage))
        return module.open_file(made.path, made.divisor, threads)  # type: ignore[no-any-return]
    except OutputError as error:
        _log.warning("The converted network cannot be kept: %s", error)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        path = Path(temporary) / module.FILE_NAME
        return module.open_file(path, module.convert(model, stage, path), threads)  # type: ignore[no-any-return]
