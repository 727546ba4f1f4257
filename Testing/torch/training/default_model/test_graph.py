"""The graph beside the weights is the network itself, for engines that know nothing of PyTorch."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from ICHSegmentationLib import models
from ICHSegmentationLib.inference.engines.opening import open_network
from ICHSegmentationLib.models.folder import sha256_of
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights, save_weights
from Training.default_model.graph import write_graph

NETWORK = {"kind": "residual_unet", "features": [2, 3, 4, 4, 4, 4, 4], "deep_supervision": 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with weights and graph, the network, and what the manifest says of the graph."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = build(NETWORK)
    for module in network.modules():  # as after training: no two channels alike
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
    save_weights(network, folder / "fine.safetensors")
    load_weights(network, folder / "fine.safetensors")  # kernels in half precision, as everybody gets them
    said = write_graph(network, 1, folder / "fine.safetensors", folder / "fine.onnx")
    return folder, network.eval(), said


def image(*size):
    return np.random.default_rng(3).uniform(-1, 1, (1, 1, *size)).astype(np.float32)


def answer(network, given):
    with torch.inference_mode():
        return network(torch.from_numpy(given)).numpy()


def test_the_reference_implementation_of_onnx_gives_what_the_network_gives(trained):
    folder, network, said = trained
    given = image(*said["divisor"])
    (found,) = ReferenceEvaluator(str(folder / said["file"])).run(None, {"image": given})
    expected = answer(network, given)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert expected.std() > 0.01


@pytest.mark.parametrize("size", [(4, 64, 64), (8, 128, 64)])
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_reads_the_graph_for_images_of_any_size(trained, engine, size):
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    folder, network, said = trained
    module = importlib.import_module(f"ICHSegmentationLib.inference.engines.{engine}_network")
    opened = module.open_file(folder / said["file"], tuple(said["divisor"]), 1)
    np.testing.assert_allclose(opened(image(*size)), answer(network, image(*size)), atol=1e-4)


def test_the_graph_holds_no_number_that_stands_in_the_weights(trained):
    folder, _, said = trained
    graph = onnx.load(folder / said["file"], load_external_data=False).graph
    assert graph.initializer
    assert all(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer)
    assert said["sha256"] == sha256_of(folder / said["file"])


def test_the_same_network_gives_the_same_file(trained, tmp_path):
    folder, network, said = trained
    (tmp_path / "fine.safetensors").write_bytes((folder / "fine.safetensors").read_bytes())
    assert write_graph(network, 1, tmp_path / "fine.safetensors", tmp_path / "fine.onnx") == said


def test_the_first_scan_of_the_default_model_loads_no_torch_and_converts_nothing(tmp_path):
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    code = (
        "import sys, numpy as np\n"
        "from ICHSegmentationLib import models\n"
        "from ICHSegmentationLib.inference.cascade import Segmenter\n"
        "segmenter = Segmenter(models.default_model(), 'cpu', 1, 'openvino')\n"
        "network = segmenter._coarse._network\n"
        "print(network(np.zeros((1, 1, 4, 64, 64), np.float32)).shape, segmenter._engine)\n"
        "print({'torch', 'monai'} & set(sys.modules))"
    )
    cache = tmp_path / "cache"
    environment = {**os.environ, "ICHSEG_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines() == ["(1, 2, 4, 64, 64) openvino", "set()"], done.stderr
    assert not cache.exists()


def test_the_embedded_graphs_are_those_of_the_embedded_weights():
    model = models.default_model()
    model.verify()
    for stage in ("coarse", "fine"):
        given = image(4, 64, 64)
        expected = open_network(model, stage, "torch", threads=1).network(given)
        for engine in ("openvino", "onnxruntime"):
            if importlib.util.find_spec(engine):
                opened = open_network(model, stage, engine, threads=1)
                assert (opened.network.engine, opened.warnings) == (engine, ())
                np.testing.assert_allclose(opened.network(given), expected, atol=1e-3)
