"""A stage whose arrays all lie on a device, beside the one that works with NumPy; the device is the CPU here.

The code is the same for a GPU; what needs one stands in ``test_on_a_gpu.py``.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from ICHSegmentationLib import models
from ICHSegmentationLib.inference import cascade
from ICHSegmentationLib.inference.engines import computing
from ICHSegmentationLib.inference.engines.computing import AtOnce, Computing
from ICHSegmentationLib.inference.engines.torch_network import TorchNetwork
from ICHSegmentationLib.inference.network_grid import NetworkGrid
from ICHSegmentationLib.inference.on_device.device_grid import back_on, image_on
from ICHSegmentationLib.inference.on_device.device_stage import DeviceStage
from ICHSegmentationLib.inference.on_device.device_windows import in_windows_on
from ICHSegmentationLib.inference.probability import Probability
from ICHSegmentationLib.inference.sliding import in_windows
from ICHSegmentationLib.inference.stage import StageNetwork
from ICHSegmentationLib.models.manifest import Stage
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import save_weights
from ICHSegmentationLib.phantom import make_phantom

CPU = torch.device("cpu")
NETWORK = {"kind": "residual_unet", "features": [2, 3, 4, 4, 4, 4, 4], "deep_supervision": 1}
SPACING = (5.0, 0.45, 0.45)
WINDOWS = ((40.0, 120.0), (80.0, 200.0))
NETWORK_SPACING = (5.0, 0.9, 0.8)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = build(NETWORK)
    for module in network.modules():  # as after training: no two channels alike
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.2)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    save_weights(network, folder / "fine.safetensors")
    stage = Stage(NETWORK, "fine.safetensors", "0" * 64, NETWORK_SPACING, (8, 64, 128), WINDOWS[:1])
    return SimpleNamespace(
        manifest=SimpleNamespace(stages={"fine": stage}), weights=lambda name: folder / stage.weights
    )


def stages(model, mirrored=False, half=False):
    """The stage with NumPy, in full precision, and the one on a device."""
    stage = model.manifest.stages["fine"]
    full, other = (TorchNetwork(model, "fine", Computing(CPU, h), 1) for h in (False, half))
    return StageNetwork(stage, full, mirrored), DeviceStage(stage, other, mirrored)


def a_crop(shape, dtype=np.int16):
    """Smooth densities with air, bone and metal, as in a head."""
    random = np.random.default_rng(0)
    rough = random.normal(35, 30, [-(-n // 4) for n in shape])
    hu = np.kron(rough, np.ones((4, 4, 4)))[tuple(map(slice, shape))]
    hu[:, :9], hu[:, -5:], hu[0, 20:24, 20:24] = -1000, 900, 3000
    return hu.astype(dtype)


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [
        ((7, 61, 83), (5.0, 0.45, 0.45)),  # shrinks in plane
        ((6, 40, 30), (5.0, 1.3, 1.7)),  # grows
        ((23, 50, 40), (1.2, 0.9, 0.8)),  # slabs of four slices, the last of three; its own pixels
        ((1, 30, 30), (5.0, 0.5, 0.5)),
    ],
)
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_the_way_to_the_networks_grid_and_back_is_that_of_the_plain_path(shape, spacing, dtype):
    grid = NetworkGrid.of(shape, spacing, NETWORK_SPACING)
    hu = a_crop(shape, dtype)
    image = grid.image(hu, WINDOWS)
    np.testing.assert_allclose(image_on(grid, torch.from_numpy(hu), WINDOWS).numpy(), image, atol=2e-5)
    values = (image[0, 0] + 1) / 2
    for slices in (slice(None), slice(1, 5), slice(shape[0] - 1, None)):
        expected = grid.back(values, slices)
        if len(expected):
            found = back_on(grid, torch.from_numpy(values), slices).numpy()
            np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("number", [1, 3, 100])
@pytest.mark.parametrize("shape", [(4, 10, 9), (3, 3, 30), (5, 8, 8)])
def test_windows_give_the_same_however_many_run_at_once(shape, number):
    """Each window answers with its own mean, so that its place and its weight show."""
    image = np.random.default_rng(1).normal(size=(1, 2, *shape)).astype(np.float32)

    def run(windows):
        return windows.mean((2, 3, 4), keepdims=True) + 0 * windows[:, :1]

    expected = in_windows(image, run, (2, 4, 6), (1, 2, 2))

    def run_on(windows):
        assert len(windows) <= number
        return windows.mean((2, 3, 4), keepdim=True) + 0 * windows[:, :1]

    found = in_windows_on(torch.from_numpy(image), run_on, (2, 4, 6), AtOnce(number), (1, 2, 2))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("shape", [(12, 90, 200), (3, 70, 60)])  # several windows; fewer slices than needed
def test_a_stage_on_a_device_gives_what_the_plain_one_gives(model, shape, mirrored):
    plain, device = stages(model, mirrored)
    hu = a_crop(shape)
    expected, found = (stage.probability(hu, SPACING) for stage in (plain, device))
    assert found.grid == expected.grid
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4)
    assert expected.values.std() > 1e-3


def test_the_mask_and_the_doubt_of_a_region_are_those_of_the_plain_stage(model):
    plain, device = stages(model)
    hu = a_crop((70, 64, 60))
    grid = NetworkGrid.of(hu.shape, (1.0, 0.45, 0.45), (5.0, 1.0, 1.0))
    values = np.random.default_rng(2).uniform(size=grid.shape).astype(np.float32)
    seen = Probability(values, grid)
    expected, found = (s.refined(hu, (1.0, 0.45, 0.45), seen, 0.6, 0.5) for s in (plain, device))
    assert 0.05 < expected.mask.mean() < 0.95
    assert (found.mask != expected.mask).mean() < 1e-3  # where the mean is 0.5 but for rounding
    assert found.doubt.dtype == np.uint8
    assert np.abs(found.doubt.astype(int) - expected.doubt).max() <= 1


def test_half_precision_rounds_and_no_more(model):
    plain, device = stages(model, half=True)
    hu = a_crop((12, 90, 120))
    expected, found = (stage.probability(hu, SPACING).values for stage in (plain, device))
    assert not np.array_equal(found, expected)
    np.testing.assert_allclose(found, expected, atol=5e-3)
    np.testing.assert_array_equal(device.probability(hu, SPACING).values, found)


def test_what_overflows_in_half_precision_is_computed_in_full():
    network = torch.nn.Conv3d(1, 1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 300.0)
    image = torch.full((1, 1, 2, 2, 2), 300.0)  # 90000 is beyond float16
    found = Computing(CPU, half=True).answer(network, image)
    assert found.dtype == torch.float32
    assert found.unique().tolist() == [90000.0]


CUDA = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
APPLE = RuntimeError("MPS backend out of memory (MPS allocated: 5.56 GB). Tried to allocate 768.00 MB")


def out_of_memory(most, error=CUDA):
    """Runs no more than ``most`` windows; remembers how many it was given."""
    given = []

    def run(windows):
        given.append(len(windows))
        if len(windows) > most:
            raise error
        return windows[:, :1] * 2

    return run, given


@pytest.mark.parametrize("error", [CUDA, APPLE])
def test_without_memory_fewer_windows_run_at_once_and_the_answer_is_the_same(error, caplog):
    run, given = out_of_memory(most=2, error=error)
    image = torch.arange(8.0 * 8 * 8).reshape(1, 1, 8, 8, 8)
    at_once = AtOnce(8)
    found = in_windows_on(image, run, (4, 4, 4), at_once)
    torch.testing.assert_close(found, image * 2)
    assert given[:3] == [8, 4, 2]
    assert at_once.number == 2
    assert "2 windows at once" in caplog.text
    given.clear()
    in_windows_on(image, run, (4, 4, 4), at_once)
    assert max(given) == 2, "it remembers"


def test_not_even_one_window_is_an_error_that_the_cascade_hears():
    run, given = out_of_memory(most=0)
    with pytest.raises(torch.OutOfMemoryError):
        in_windows_on(torch.zeros(1, 1, 8, 8, 8), run, (4, 4, 4), AtOnce(4))
    assert given == [4, 2, 1]
    given.clear()
    with pytest.raises(torch.OutOfMemoryError):
        in_windows_on(torch.zeros(1, 1, 4, 4, 4), run, (4, 4, 4), AtOnce(4))
    assert given == [1], "the only window is not tried again"


def test_another_error_is_not_met_with_fewer_windows():
    run, given = out_of_memory(most=2, error=RuntimeError("no such kernel"))
    with pytest.raises(RuntimeError, match="no such kernel"):
        in_windows_on(torch.zeros(1, 1, 8, 8, 8), run, (4, 4, 4), AtOnce(8))
    assert given == [8]


def test_an_array_goes_to_a_gpu_through_pinned_memory_and_nobody_waits(monkeypatch):
    """No GPU is needed: the tensor is watched on its way."""
    said = []

    class Watched:
        def pin_memory(self):
            said.append("pinned")
            return self

        def to(self, device, non_blocking=False):
            said.append((str(device), non_blocking))
            return self

    monkeypatch.setattr(computing.torch, "from_numpy", lambda array: Watched())
    Computing(torch.device("cuda")).sent(np.zeros(3))
    assert said == ["pinned", ("cuda", True)]
    said.clear()
    Computing(CPU).sent(np.zeros(3))
    assert said == [("cpu", False)]


def test_only_nvidias_gpus_keep_all_arrays_and_only_under_pytorch(model):
    stage, network = model.manifest.stages["fine"], TorchNetwork(model, "fine", Computing(CPU), 1)
    assert isinstance(cascade.stage_of(stage, network, "cuda", mirrored=False), DeviceStage)
    assert isinstance(cascade.stage_of(stage, network, "mps", mirrored=False), StageNetwork)
    assert isinstance(cascade.stage_of(stage, SimpleNamespace(), "cuda", mirrored=False), StageNetwork)


class HalfAsOnAGPU(TorchFunctionMode):
    """Convolutions in float16 add up in float32, as a GPU's do; the CPU's own take minutes for a head."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func not in (F.conv3d, F.conv_transpose3d) or not torch.is_autocast_enabled("cpu"):
            return func(*args, **(kwargs or {}))
        rounded = [value.half().float() if isinstance(value, torch.Tensor) else value for value in args]
        with torch.autocast("cpu", enabled=False):
            return func(*rounded, **(kwargs or {})).half()


def test_the_default_models_whole_way_is_the_same_on_a_device_in_half_precision(monkeypatch):
    ct = make_phantom(2, volume_ml=25.0, shape=(16, 110, 110), spacing=(9.4, 2.1, 2.1)).ct
    plain = cascade.Segmenter(models.default_model(), "cpu", 1, "torch")(ct)
    monkeypatch.setattr(
        cascade, "stage_of", lambda stage, network, device, mirrored: DeviceStage(stage, network, mirrored)
    )
    with HalfAsOnAGPU():
        device = cascade.Segmenter(models.default_model(), "cpu", 1, "amp")(ct)
    assert (device.engine, device.warnings) == ("amp", plain.warnings)
    found, expected = device.mask.voxels > 0, plain.mask.voxels > 0
    assert expected.sum() > 500
    assert 2 * (found & expected).sum() / (found.sum() + expected.sum()) >= 0.995
    doubts = device.uncertainty.map.voxels, plain.uncertainty.map.voxels
    assert not np.array_equal(*doubts), "half precision rounds"
    assert np.quantile(np.abs(np.subtract(*doubts, dtype=np.int16)), 0.999) <= 3
