"""Every engine gives what PyTorch gives, from a small network; a missing or failing one is replaced."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ICHSegmentationLib.inference.engines import cache, choice, opening
from ICHSegmentationLib.inference.engines.network import EngineError
from ICHSegmentationLib.inference.stage import StageNetwork
from ICHSegmentationLib.models.manifest import Stage
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights, save_weights

NETWORK = {"kind": "residual_unet", "features": [2, 3, 4, 4, 4, 4, 4], "deep_supervision": 1}
SPACING = (5.0, 0.45, 0.45)
CONVERTED = ["jit", "openvino", "onnxruntime"]
PACKAGES = {"jit": ["torch"], "openvino": ["openvino"], "onnxruntime": ["onnxruntime", "onnx"]}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = build(NETWORK)
    for module in network.modules():  # as after training: no two channels alike
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
    save_weights(network, folder / "fine.safetensors")
    stage = Stage(NETWORK, "fine.safetensors", "0" * 64, SPACING, (16, 128, 128), ((40.0, 120.0),))
    return SimpleNamespace(
        manifest=SimpleNamespace(stages={"fine": stage}), weights=lambda name: folder / stage.weights
    )


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory):
    """One cache for all tests that do not mind what was converted before."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache_folder(shared_cache, monkeypatch):
    monkeypatch.setenv("ICHSEG_CACHE", str(shared_cache))
    return shared_cache


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ICHSEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def require(engine):
    for package in PACKAGES[engine]:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def unfolded(model, image):
    """The network as it was trained, without anything that makes it faster."""
    network = build(NETWORK).eval()
    load_weights(network, model.weights("fine"))
    with torch.inference_mode():
        return network(torch.from_numpy(image)).numpy()


@pytest.mark.parametrize("engine", ["torch", "amp", *CONVERTED])
def test_an_engine_gives_what_the_plain_network_gives_for_images_of_any_size(engine, model):
    if engine in CONVERTED:
        require(engine)
    opened = opening.open_network(model, "fine", engine, threads=1)
    assert not opened.warnings
    assert opened.network.engine == engine
    assert opened.network.divisor == (4, 64, 64)
    for size in ((4, 64, 64), (8, 128, 64)):
        image = np.random.default_rng(size[0]).uniform(-1, 1, (1, 1, *size)).astype(np.float32)
        expected = unfolded(model, image)
        np.testing.assert_allclose(opened.network(image), expected, atol=2e-2 if engine == "amp" else 1e-3)
        assert expected.std() > 0.01


@pytest.mark.parametrize("engine", CONVERTED)
def test_an_engine_gives_the_same_probabilities_and_mask_of_a_crop(engine, model):
    require(engine)
    stage = model.manifest.stages["fine"]
    hu = np.random.default_rng(1).integers(0, 90, (10, 150, 90)).astype(np.int16)
    one, other = (
        StageNetwork(stage, opening.open_network(model, "fine", name, threads=1).network)
        .probability(hu, SPACING)
        .values
        for name in ("torch", engine)
    )
    np.testing.assert_allclose(one, other, atol=1e-3)
    threshold = float(np.median(one))
    assert np.mean((one > threshold) != (other > threshold)) < 1e-3


@pytest.mark.parametrize("engine", CONVERTED)
def test_the_second_time_nothing_is_converted(engine, model, monkeypatch):
    require(engine)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 1, 4, 64, 64)).astype(np.float32)
    first = opening.open_network(model, "fine", engine, threads=1).network(image)
    monkeypatch.setattr("ICHSegmentationLib.inference.engines.torch_network.folded_module", None)
    monkeypatch.setattr("ICHSegmentationLib.inference.engines.conversion.folded_module", None)
    second = opening.open_network(model, "fine", engine, threads=1)
    assert second.network.engine == engine
    np.testing.assert_array_equal(second.network(image), first)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_converted_network_runs_without_torch(engine, model):
    require(engine)
    opening.open_network(model, "fine", engine, threads=1)
    stage = model.manifest.stages["fine"]
    place = cache.place(stage, engine, importlib.metadata.version(engine))
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "import ICHSegmentationLib.inference.cascade\n"
        f"from ICHSegmentationLib.inference.engines import cache, {engine}_network as engine\n"
        f"found = cache.find(Path({str(place)!r}), engine.FILE_NAME)\n"
        "network = engine.open_file(found.path, found.divisor, 1)\n"
        "print(network(np.zeros((1, 1, 4, 64, 64), np.float32)).shape)\n"
        "print({'torch', 'monai'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["(1, 2, 4, 64, 64)", "set()"], done.stderr


def test_openvino_gives_the_same_answer_after_it_gave_its_memory_back(model):
    require("openvino")
    from ICHSegmentationLib.inference.engines.openvino_core import release_memory

    network = opening.open_network(model, "fine", "openvino", threads=1).network
    image = np.random.default_rng(0).uniform(-1, 1, (1, 1, 4, 64, 64)).astype(np.float32)
    first = network(image).copy()
    release_memory()
    np.testing.assert_array_equal(network(image), first)


def test_a_damaged_file_in_the_cache_is_made_anew(model, empty_cache):
    opening.open_network(model, "fine", "jit", threads=1)
    (file,) = empty_cache.glob("*/network.pt")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    opened = opening.open_network(model, "fine", "jit", threads=1)
    assert opened.network.engine == "jit"
    assert len(file.read_bytes()) > len(whole) // 2


def test_of_two_processes_that_convert_at_once_the_first_is_kept(empty_cache):
    def convert(path, content="mine"):
        if content == "mine":  # the other one ends while we are at it
            cache.keep(empty_cache / "jit-1", "network.pt", lambda path: convert(path, "the other's"))
        path.write_text(content)
        return 4, 64, 64

    kept = cache.keep(empty_cache / "jit-1", "network.pt", convert)
    assert kept.path.read_text() == "the other's"
    assert kept.divisor == (4, 64, 64)
    assert [path.name for path in empty_cache.iterdir()] == ["jit-1"]


def test_other_weights_another_network_patch_or_version_have_a_place_of_their_own(model):
    stage = model.manifest.stages["fine"]
    others = [
        Stage(NETWORK, stage.weights, "1" * 64, SPACING, stage.patch, stage.windows),
        Stage(NETWORK | {"flat_levels": 1}, stage.weights, "0" * 64, SPACING, stage.patch, stage.windows),
        replace(stage, patch=(8, 96, 96)),
    ]
    places = {cache.place(s, "jit", "2.0") for s in (stage, *others)} | {
        cache.place(stage, "jit", "2.1"),
        cache.place(stage, "openvino", "2.0"),
    }
    assert len(places) == 6


def test_without_a_cache_that_can_be_written_the_engine_still_runs(model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ICHSEG_CACHE", str(tmp_path / "file" / "cache"))
    opened = opening.open_network(model, "fine", "jit", threads=1)
    assert opened.network.engine == "jit"
    assert opened.network(np.zeros((1, 1, 4, 64, 64), np.float32)).shape == (1, 2, 4, 64, 64)


@pytest.mark.parametrize("engine", CONVERTED)
def test_an_engine_that_cannot_convert_is_replaced_by_pytorch_with_a_sentence(
    engine, model, monkeypatch, empty_cache
):
    require(engine)

    def failing(model, stage, path):
        raise RuntimeError("an operator is unknown\nand more")

    monkeypatch.setattr(f"ICHSegmentationLib.inference.engines.{engine}_network.convert", failing)
    opened = opening.open_network(model, "fine", engine, threads=1)
    assert opened.network.engine == "torch"
    assert opened.warnings == (f"The engine {engine} failed (an operator is unknown), so PyTorch was used.",)


def test_an_engine_that_is_not_installed_is_replaced_by_pytorch_with_a_sentence(model, monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    opened = opening.open_network(model, "fine", "openvino", threads=1)
    assert opened.network.engine == "torch"
    assert "the package openvino is not installed" in opened.warnings[0]


@pytest.mark.parametrize("engine", CONVERTED)
def test_an_image_that_an_engine_cannot_run_is_its_own_error(engine, model):
    require(engine)
    network = opening.open_network(model, "fine", engine, threads=1).network
    with pytest.raises(EngineError):
        network(np.zeros((4, 64), np.float32))


@pytest.mark.parametrize(
    ("installed", "engine", "device", "chosen"),
    [
        ({"torch", "openvino", "onnxruntime"}, "auto", "cpu", "openvino"),
        ({"torch", "onnxruntime"}, "auto", "cpu", "onnxruntime"),
        ({"torch"}, "auto", "cpu", "jit"),
        ({"torch", "openvino"}, "torch", "cpu", "torch"),
        ({"torch", "openvino"}, "amp", "cpu", "amp"),
        ({"torch", "openvino"}, "openvino", "cuda", "torch"),
        ({"torch", "openvino"}, "auto", "mps", "torch"),
        ({"torch", "openvino"}, "amp", "cuda", "amp"),
        (set(), "auto", "cpu", "torch"),
    ],
)
def test_automatic_takes_the_fastest_engine_that_is_installed(installed, engine, device, chosen, monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: name if name in installed else None)
    assert choice.chosen_engine(engine, device) == chosen


@pytest.mark.parametrize(("capability", "engine"), [((6, 1), "torch"), ((7, 0), "amp"), ((9, 0), "amp")])
def test_a_gpu_with_units_for_it_computes_in_half_precision_unless_told(capability, engine, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert choice.chosen_engine("auto", "cuda") == engine
    assert choice.chosen_engine("torch", "cuda") == "torch"
