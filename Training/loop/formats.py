"""A trained model in other forms: MONAI Bundle, TorchScript, ONNX."""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ICHSegmentationLib.errors import DependencyError, InputError
from ICHSegmentationLib.io.atomic import atomic_folder
from ICHSegmentationLib.models import ModelFolder, Stage
from ICHSegmentationLib.models.folder import MANIFEST_NAME
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights

from .bundle import write_bundle
from .export import About, export

Format = Literal["model", "bundle", "torchscript", "onnx"]


def export_as(
    form: Format, source: Path, out: Path, about: About | None = None, overwrite: bool = False
) -> None:
    """Write a trained fold, or a model folder, in another form.

    Args:
        form: ``model`` a model folder; ``bundle`` a MONAI Bundle around one; ``torchscript`` and ``onnx`` the
            graph of each stage's network alone, which gives logits of one window, and beside them
            ``networks.json``, which says what each is fed with.
        source: folder of a trained fold, or a model folder.
        out: folder that appears when it is complete.
        about: what is said of a trained fold; of a model folder, its ``model.json`` has said it.

    Raises:
        InputError: the fold is not trained to its end, or ``about`` says something of a model folder.
        ModelError: the model folder is damaged.
        DependencyError: ONNX is not installed.
        OutputExistsError: ``out`` holds something, and ``overwrite`` is False.
    """
    if form == "model":
        export([source], out, about, overwrite=overwrite)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = source
        if not (source / MANIFEST_NAME).is_file():
            folder = Path(temporary) / "model"
            export([source], folder, about)
        elif about not in (None, About()):
            raise InputError(
                f"Expected a trained fold to say id, version, licence or data of, found a model in {source}, "
                f"whose {MANIFEST_NAME} says them.",
                "Leave them out, or export the trained folds again with them.",
            )
        model = ModelFolder.open(folder)
        model.verify()
        with atomic_folder(out, overwrite) as written:
            if form == "bundle":
                write_bundle(model, written)
            else:
                _write_graphs(model, written, _WRITERS[form])


def _write_graphs(model: ModelFolder, folder: Path, write: "_Writer") -> None:
    described: dict[str, Any] = {}
    for name, stage in model.manifest.stages.items():
        network = build(stage.network)
        load_weights(network, model.weights(name))
        example = torch.zeros(1, _channels(stage), *_window(stage))
        file = write(network.eval(), example, folder / name)
        described[name] = {
            "file": file.name,
            "input": list(example.shape),
            "activation": stage.input.activation if stage.input else "softmax",
        }
    manifest = json.loads(model.manifest.to_json())
    content = {"graphs": described, "model": manifest}
    (folder / "networks.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")


_Writer = Callable[[nn.Module, Tensor, Path], Path]


def _torchscript(network: nn.Module, example: Tensor, stem: Path) -> Path:
    with torch.no_grad():
        traced = torch.jit.trace(network, example)
    path = stem.with_suffix(".ts")
    torch.jit.save(traced, path)
    return path


def _onnx(network: nn.Module, example: Tensor, stem: Path) -> Path:
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise DependencyError(
            "ONNX graphs need the package onnx, which is not installed.", "pip install onnx"
        ) from error
    path = stem.with_suffix(".onnx")
    with torch.no_grad():
        # The tracing exporter needs no package beside onnx.
        torch.onnx.export(
            network, (example,), str(path), input_names=["image"], output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
    return path


_WRITERS: dict[str, _Writer] = {"torchscript": _torchscript, "onnx": _onnx}


def _channels(stage: Stage) -> int:
    """How many channels the network's input has."""
    image = max(1, len(stage.windows))
    earlier = stage.input.earlier if stage.input else None
    if earlier is None or earlier.use == "region":
        return image
    return 1 if earlier.use == "replace" else image + 1


def _window(stage: Stage) -> Sequence[int]:
    return stage.patch[1:] if stage.patch[0] == 1 else stage.patch
