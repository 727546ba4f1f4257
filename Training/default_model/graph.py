"""A network as an ONNX file that reads its numbers from the safetensors file beside it.

So the engines that read ONNX need neither PyTorch nor a second copy of the weights. Convolution kernels stand
in half precision in the weight file; the graph turns them into single precision, as loading the weights does.
"""

import json
import struct
import tempfile
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper
from torch import nn

from ICHSegmentationLib.inference.engines.torch_network import divisor_of
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models.folder import sha256_of

_TYPES = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}  # of safetensors and of ONNX
_HALF = ".half"


def write_graph(network: nn.Module, channels: int, weights: Path, path: Path) -> dict[str, Any]:
    """Write ``network`` to ``path``, beside its ``weights``, and give what the manifest says of it.

    Args:
        network: takes ``[1, channels, D, H, W]``; its ``divisor`` tells which sizes.
        weights: as :func:`ICHSegmentationLib.networks.weights.save_weights` wrote them.
    """
    model = _exported(network, channels)
    places = _places(weights)
    halves = []
    for tensor in model.graph.initializer:
        kind, shape, offset, length = places[tensor.name]
        name = tensor.name
        if kind == "F16":
            halves.append(helper.make_node("Cast", [name + _HALF], [name], to=TensorProto.FLOAT))
            name += _HALF
        tensor.CopyFrom(TensorProto(name=name, dims=shape, data_type=_TYPES[kind]))
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
    nodes = [*halves, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(path))
    return {"file": path.name, "sha256": sha256_of(path), "divisor": list(divisor_of(network))}


def _exported(network: nn.Module, channels: int) -> onnx.ModelProto:
    """The network as it was trained: engines fold batch normalisation into convolutions by themselves."""
    example = torch.zeros(1, channels, *divisor_of(network))
    free = {0: "n", 2: "d", 3: "h", 4: "w"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        path = Path(folder) / "network.onnx"
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (example,),
            str(path),
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": free, "logits": free},
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
        return onnx.load(path)


def _places(weights: Path) -> dict[str, tuple[str, list[int], int, int]]:
    """Type, shape, first byte and number of bytes of each tensor in a safetensors file."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    places = {}
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        places[name] = entry["dtype"], entry["shape"], 8 + length + first, end - first
    return places
