"""A detector gives what its networks give, on every engine, in the order of the scan and of the classes."""

import gc
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from small_detector import SIZE, SLICE_MAP, SLICES, random_detector, random_network, write_detector

from ICHSegmentationLib.detection import CLASSES, Detector
from ICHSegmentationLib.detection.parts import network_of
from ICHSegmentationLib.errors import ModelError, ModelTamperedError
from ICHSegmentationLib.inference.engines import cache
from ICHSegmentationLib.inference.engines.openvino_core import release_memory
from ICHSegmentationLib.preparation.brain_slices import SHAPE
from ICHSegmentationLib.preparation.detector_slices import detector_slices
from ICHSegmentationLib.volume import CTVolume
from Training.detection.graphs import bring_graphs

AFFINE = np.diag([-3.0, -3.0, 5.0, 1.0])


def noise(slices: int = 10, side: int = SIZE) -> CTVolume:
    hu = np.random.default_rng(0).integers(-50, 150, (slices, side, side)).astype(np.int16)
    return CTVolume(hu, AFFINE)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory):
    """A model, and its probabilities computed by hand from its two networks, all slices in one pass."""
    model = random_detector(tmp_path_factory.mktemp("detector") / "model")
    images = torch.from_numpy(detector_slices(noise(), SIZE).images)
    slices, sequence = network_of(model, "slices"), network_of(model, "sequence")
    with torch.no_grad():
        features = slices.features(images)
        logits = sequence(features[None], slices(images)[None])[0]
    probabilities = torch.sigmoid(logits / 1.5).numpy()
    return model, np.minimum(probabilities, probabilities[:, :1])  # no subtype above any hemorrhage


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", ["torch", "jit", "openvino", "onnxruntime"])
def test_every_engine_gives_what_the_two_networks_give(expected, engine: str):
    if engine in ("openvino", "onnxruntime"):
        pytest.importorskip(engine)
    model, probabilities = expected
    detector = Detector.open(model, "cpu", engine)
    assert (detector.slices.engine, detector.sequence.engine) == (engine, engine)
    found = detector.detect(noise())
    np.testing.assert_allclose(found.slices, probabilities, atol=1e-4)
    np.testing.assert_allclose(found.scan, probabilities.max(axis=0), atol=1e-4)
    # another number of slices than the network was converted with, and more than one pass
    assert detector.detect(noise(1)).slices.shape == (1, 6)
    assert detector.detect(noise(17)).slices.shape == (17, 6)


@pytest.mark.filterwarnings("ignore")
def test_both_networks_in_openvino_give_back_the_memory_of_earlier_images(
    expected, monkeypatch: pytest.MonkeyPatch
):
    openvino = pytest.importorskip("openvino")
    released = []
    release = openvino.CompiledModel.release_memory
    monkeypatch.setattr(
        openvino.CompiledModel, "release_memory", lambda network: (released.append(network), release(network))
    )
    model, probabilities = expected
    gc.collect()
    release_memory()
    others, detector = len(released), Detector.open(model, "cpu", "openvino")
    detector.detect(noise())
    release_memory()
    assert len(released) == 2 * others + 2
    np.testing.assert_allclose(detector.detect(noise()).slices, probabilities, atol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_a_converted_detector_is_found_again(expected, monkeypatch: pytest.MonkeyPatch):
    model, _ = expected
    first = Detector.open(model, "cpu", "jit").detect(noise())
    monkeypatch.delattr(cache, "keep")  # would be called were anything converted
    again = Detector.open(model, "cpu", "jit").detect(noise())
    assert np.array_equal(first.slices, again.slices)


def test_slices_stored_downward_get_the_same_answers_in_their_own_order(expected):
    model, probabilities = expected
    ct = noise()
    down = CTVolume(ct.voxels[::-1].copy(), AFFINE @ np.diag([1, 1, -1, 1]))
    found = Detector.open(model, "cpu", "torch").detect(down)
    np.testing.assert_allclose(found.slices[::-1], probabilities, atol=1e-5)


def test_outputs_named_in_another_order_come_out_under_their_names(tmp_path: Path):
    images = detector_slices(noise(3), SIZE).images
    plain = Detector.open(random_detector(tmp_path / "a", sequence=False), "cpu", "torch").logits(images)
    labels = [CLASSES[n] for n in (3, 0, 5, 1, 4, 2)]
    other = random_detector(tmp_path / "b", sequence=False, labels=labels)
    detector = Detector.open(other, "cpu", "torch")
    found = detector.point.logits(detector.logits(images))
    for output, label in enumerate(labels):
        np.testing.assert_allclose(found[:, CLASSES.index(label)], plain[:, output])


def test_a_slice_map_sees_the_brain_and_numbers_slices_in_their_own_order(tmp_path: Path):
    network = random_network(SLICE_MAP, 0)
    model = write_detector(tmp_path / "m", {"slices": network}, {"slices": SLICE_MAP})
    hu = np.full((12, 80, 80), -1000, np.int16)
    rows, columns = np.ogrid[-40:40, -40:40]
    for radius, value in ((34, 1200), (31, 32)):
        hu[1:11, rows**2 + columns**2 < radius**2] = value
    hu[4:7, 30:38, 44:52] = 68
    affine = np.diag([-2.2, -2.2, 5.0, 1.0])
    detector = Detector.open(model, "cpu", "torch")
    up = detector.detect(CTVolume(hu, affine))
    down = detector.detect(CTVolume(hu[::-1].copy(), affine @ np.diag([1, 1, -1, 1])))
    assert up.slices.shape == (12, 6)
    assert np.ptp(up.slices[:, 0]) > 0
    np.testing.assert_allclose(down.slices[::-1], up.slices, atol=1e-5)


def test_other_windows_than_the_paper_s_are_refused(tmp_path: Path):
    folder = random_detector(tmp_path / "m", sequence=False).path
    text = (folder / "model.json").read_text()
    (folder / "model.json").write_text(text.replace("[80, 200]", "[80, 100]"))
    with pytest.raises(ModelError, match="windows"):
        Detector.open(folder, "cpu", "torch").detect(noise(1))


def test_a_network_that_learned_from_pictures_of_another_size_is_refused(tmp_path: Path):
    model = write_detector(
        tmp_path / "m", {"slices": random_network(SLICE_MAP, 0)}, {"slices": SLICE_MAP}
    ).path
    document = json.loads((model / "model.json").read_text())
    document["stages"]["slices"]["patch"] = [1, 144, 120]
    (model / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="expected pictures of 200 x 168, found 144 x 120"):
        Detector.open(model, "cpu", "torch").detect(noise(1))


def test_a_sequence_of_another_kind_is_refused(tmp_path: Path):
    networks = {"slices": random_network(SLICES, 0), "sequence": random_network(SLICES, 1)}
    model = write_detector(tmp_path / "m", networks, dict.fromkeys(networks, SLICES))
    with pytest.raises(ModelError, match="slice_sequence"):
        Detector.open(model, "cpu", "torch")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_detector_that_brings_its_graphs_is_never_converted(
    expected, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip(engine)
    pytest.importorskip("onnx")
    model, probabilities = expected
    shutil.copytree(model.path, tmp_path / "m")
    bring_graphs(tmp_path / "m")
    monkeypatch.delattr(cache, "place")  # would be called were anything converted
    detector = Detector.open(tmp_path / "m", "cpu", engine)
    assert (detector.slices.engine, detector.sequence.engine) == (engine, engine)
    np.testing.assert_allclose(detector.detect(noise()).slices, probabilities, atol=1e-4)
    (tmp_path / "m" / "slices.onnx").write_bytes(b"changed")
    with pytest.raises(ModelTamperedError):
        Detector.open(tmp_path / "m", "cpu", engine)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", ["jit", "openvino", "onnxruntime"])
@pytest.mark.parametrize("graphs", [False, True], ids=["converted", "with its graph"])
def test_a_slice_map_answers_alike_on_every_engine(tmp_path: Path, engine: str, graphs: bool):
    if engine in ("openvino", "onnxruntime"):
        pytest.importorskip(engine)
    network = random_network(SLICE_MAP, 0)
    with torch.no_grad():
        network.scale.copy_(torch.linspace(0.5, 2, 6))
        network.offset.copy_(torch.linspace(-2, 3, 6))
    model = write_detector(tmp_path / "m", {"slices": network}, {"slices": SLICE_MAP})
    if graphs:
        bring_graphs(model.path)
    images = np.random.default_rng(0).random((9, 4, *SHAPE), np.float32)
    images[:, 3] = 0
    for number, image in enumerate(images):  # brains of different places and sizes; the first has none
        image[3, 20 : 20 + 12 * number, 10 + 5 * number : 70 + 5 * number] = 1
    detector = Detector.open(model.path, "cpu", engine)
    assert detector.slices.engine == engine
    expected = Detector.open(model.path, "cpu", "torch").logits(images)
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(detector.logits(images), expected, atol=1e-4)
