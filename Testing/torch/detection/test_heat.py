"""Heat maps: the formula, and the right side of the right slice whatever the storage order."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from small_detector import SIZE, SLICE_MAP, SLICES, random_detector, random_network, write_detector
from torch import Tensor, nn

from ICHSegmentationLib.detection import CLASSES, Detector, heat
from ICHSegmentationLib.detection.heat import HeatMaps, cam_of, grad_cam
from ICHSegmentationLib.detection.parts import SlicesPart, TorchPart
from ICHSegmentationLib.detection.pictures import pictures_of
from ICHSegmentationLib.pipeline.detection import detect_case
from ICHSegmentationLib.preparation.detector_slices import MEAN, STD
from ICHSegmentationLib.settings import DetectionSettings
from ICHSegmentationLib.volume import CTVolume

SHAPE = (6, 48, 48)
AFFINE = np.array([[-4.0, 0, 0, 90], [0, -4.0, 0, 80], [0, 0, 5.0, -30], [0, 0, 0, 1]])
TILT = np.eye(4)
TILT[1:3, 1:3] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]


class Looker(nn.Module):
    """Looks at nothing but blood: densities of 60 HU and more."""

    def __init__(self) -> None:
        super().__init__()
        self.brain = nn.Conv2d(3, 1, kernel_size=1)  # the brain window as 0..1
        self.layer4 = nn.Sequential(nn.AvgPool2d(4), nn.Threshold(0.5, 0.0))
        self.fc = nn.Linear(1, len(CLASSES))
        with torch.no_grad():
            self.brain.weight.copy_(torch.tensor([STD[0], 0, 0])[None, :, None, None])
            self.brain.bias.fill_(MEAN[0])
            self.fc.weight.copy_(torch.tensor([[900.0], [900], [-900], [0], [0], [0]]))
            self.fc.bias.fill_(-2)

    def features(self, images: Tensor) -> Tensor:
        return self.layer4(self.brain(images)).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.features(images))
        return logits


@pytest.fixture
def a_looker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    model = random_detector(tmp_path / "m", sequence=False)
    network = Looker()
    monkeypatch.setattr(heat, "network_of", lambda model, stage: network)
    part = TorchPart(SlicesPart(network), "cpu", None)
    return Detector(model, Detector.open(model, "cpu", "torch").point, "cpu", part, None)


def head_with_blood() -> np.ndarray:
    """Canonical ``[D, H, W]``: blood on slice 4, in front (low rows), at the left (high columns)."""
    hu = np.full(SHAPE, 30, np.int16)
    hu[4, 9:15, 33:39] = 70
    return hu


def stored(canonical: np.ndarray, order: tuple[int, ...], flips: tuple[bool, ...], affine: np.ndarray):
    """The same head with canonical axis ``order[n]`` as axis ``n``, backward where ``flips[n]``."""
    voxels, ends = canonical.transpose(order), np.zeros(3)
    columns = [affine[:3, 2 - axis] for axis in order]
    for n, (axis, flip) in enumerate(zip(order, flips, strict=True)):
        if flip:
            voxels, columns[n] = np.flip(voxels, n), -columns[n]
            ends[axis] = canonical.shape[axis] - 1
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(columns[::-1], axis=1)
    matrix[:3, 3] = affine[:3, :3] @ ends[::-1] + affine[:3, 3]
    return CTVolume(np.ascontiguousarray(voxels), matrix)


def test_grad_cam_is_the_published_formula():
    """Selvaraju et al., equations 1 and 2; of averaged features and a linear layer the gradient is known."""
    network = random_network(SLICES, 0)
    images = torch.rand(3, 3, SIZE, SIZE)
    with torch.no_grad():
        maps = network.maps(images)
        weights = network.fc.weight[2] / maps[0, 0].numel()
        expected = torch.relu((maps * weights[None, :, None, None]).sum(dim=1))
    assert expected.max() > 0
    cam = cam_of(network)
    for _ in range(2):  # a second batch is no other than the first
        np.testing.assert_allclose(grad_cam(cam, images, 2), expected.numpy(), atol=1e-6)


def test_no_gradient_is_asked_of_the_layers_below_the_target_layer():
    network = random_network(SLICES, 0)
    grad_cam(cam_of(network), torch.rand(2, 3, SIZE, SIZE), 0)
    asked = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert asked and all(name.startswith(("layer4", "fc")) for name in asked)


@pytest.mark.parametrize("affine", [AFFINE, TILT @ AFFINE], ids=["straight", "oblique"])
@pytest.mark.parametrize(
    ("order", "flips"),
    [
        ((0, 1, 2), (False, False, False)),
        ((0, 1, 2), (True, False, False)),
        ((0, 1, 2), (False, True, False)),
        ((0, 1, 2), (False, False, True)),
        ((1, 0, 2), (False, True, True)),
        ((2, 1, 0), (True, True, False)),
        ((2, 0, 1), (True, False, True)),
    ],
)
def test_the_heat_lies_on_the_voxels_that_the_network_looks_at(a_looker: Detector, order, flips, affine):
    blood = head_with_blood()
    ct = stored(blood, order, flips, affine)
    found = HeatMaps(a_looker, pictures_of(ct, a_looker.model.manifest.stages["slices"])).of("hemorrhage")
    assert found.shape == ct.voxels.shape
    assert found.dtype == np.uint8
    here = ct.voxels == 70
    assert found[here].min() > 30
    assert found.max() > 80
    # half of the highest heat lies within two voxels (one cell of the network's map and a half) of the blood
    hot = np.argwhere(found > found.max() / 2)
    low, high = np.argwhere(here).min(axis=0), np.argwhere(here).max(axis=0)
    slice_axis = order.index(0)
    margin = np.where(np.arange(3) == slice_axis, 0, 2)
    assert ((hot >= low - margin) & (hot <= high + margin)).all()


def test_a_class_against_which_blood_speaks_and_a_scan_without_blood_stay_dark(a_looker: Detector):
    stage = a_looker.model.manifest.stages["slices"]
    heat_maps = HeatMaps(a_looker, pictures_of(CTVolume(head_with_blood(), AFFINE), stage))
    assert not heat_maps.of("intraparenchymal").any()
    assert not heat_maps.of("subdural").any()
    healthy = pictures_of(CTVolume(np.where(head_with_blood() == 70, 30, 30).astype(np.int16), AFFINE), stage)
    assert not HeatMaps(a_looker, healthy).of("hemorrhage").any()


def test_heat_is_scaled_by_the_probability_of_its_slice(a_looker: Detector):
    hu = head_with_blood()
    hu[1, 9:11, 33:35] = 70  # far less blood than on slice 4
    pictures = pictures_of(CTVolume(hu, AFFINE), a_looker.model.manifest.stages["slices"])
    likely = a_looker.judge(pictures).of_slices("hemorrhage")
    found = HeatMaps(a_looker, pictures).of("hemorrhage")
    assert 0 < found[1].max() <= 100 * likely[1] + 1
    assert found[4].max() <= 100 * likely[4] + 1
    assert likely[1] < 0.9 < likely[4]


def test_a_scan_of_blank_slices_has_no_heat(a_looker: Detector):
    ct = CTVolume(np.full((3, 8, 8), -1000, np.int16), AFFINE)
    heat_maps = HeatMaps(a_looker, pictures_of(ct, a_looker.model.manifest.stages["slices"]))
    assert heat_maps.of("hemorrhage").shape == (3, 8, 8)
    assert not heat_maps.of("hemorrhage").any()


def test_a_network_that_marks_by_itself_shows_its_own_map_in_any_storage_order(tmp_path: Path):
    network = random_network(SLICE_MAP, 0)
    model = write_detector(tmp_path / "m", {"slices": network}, {"slices": SLICE_MAP})
    detector = Detector.open(model, "cpu", "torch")
    hu = np.full((8, 80, 80), -1000, np.int16)
    rows, columns = np.ogrid[-40:40, -40:40]
    for radius, value in ((34, 1200), (31, 32)):
        hu[1:7, rows**2 + columns**2 < radius**2] = value
    hu[3:5, 20:28, 50:58] = 68
    affine = np.diag([-2.2, -2.2, 5.0, 1.0])
    stage = model.manifest.stages["slices"]
    maps = []
    for flip in (False, True):
        ct = stored(hu, (0, 1, 2), (flip, False, flip), affine)
        found = HeatMaps(detector, pictures_of(ct, stage)).of("hemorrhage")
        maps.append(found[::-1, :, ::-1] if flip else found)
    assert maps[0].shape == hu.shape
    assert maps[0].max() > maps[0][hu > -1000].min()
    assert not maps[0][:, 0].any()
    np.testing.assert_allclose(maps[0].astype(int), maps[1].astype(int), atol=1)


class MarksBright(nn.Module):
    """Marks cells brighter than 20 HU above the brain; the subdural mark is the surer one."""

    def cells(self, images: Tensor) -> Tensor:
        bright = 10 * (nn.functional.avg_pool2d(images[:, 1:2], 4) - 1)
        return torch.cat([bright, *[bright - 5] * 4, bright + 5], dim=1)


def says(monkeypatch: pytest.MonkeyPatch, logit: float) -> None:
    """Every slice has this logit of every class."""
    monkeypatch.setattr(Detector, "logits", lambda _, images: np.full((len(images), 6), logit, np.float32))


@pytest.mark.parametrize("tilt", [np.eye(4), TILT], ids=["straight", "oblique"])
@pytest.mark.parametrize(
    ("order", "flips"),
    [((0, 1, 2), (False, False, False)), ((0, 1, 2), (True, False, True)), ((2, 0, 1), (True, True, False))],
)
def test_a_networks_own_marks_lie_on_the_blood_and_no_subtype_is_hotter_than_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order, flips, tilt
):
    model = write_detector(tmp_path / "m", {"slices": random_network(SLICE_MAP, 0)}, {"slices": SLICE_MAP})
    detector = Detector.open(model, "cpu", "torch")
    monkeypatch.setattr(heat, "network_of", lambda model, stage: MarksBright())
    says(monkeypatch, 9.0)
    hu = np.full((8, 80, 80), -1000, np.int16)
    rows, columns = np.ogrid[-40:40, -40:40]
    for radius, value in ((34, 1200), (31, 32)):
        hu[1:7, rows**2 + columns**2 < radius**2] = value
    hu[4, 20:28, 50:58] = 70
    ct = stored(hu, order, flips, tilt @ np.diag([-2.2, -2.2, 5.0, 1.0]))
    heat_maps = HeatMaps(detector, pictures_of(ct, model.manifest.stages["slices"]))
    found = heat_maps.of("hemorrhage")
    blood = np.argwhere(ct.voxels == 70)
    # a cell of 5.6 mm is two and a half voxels wide
    margin = np.where(np.arange(3) == order.index(0), 0, 3)
    hot = np.argwhere(found > 50)
    assert len(hot) >= 30
    assert ((hot >= blood.min(axis=0) - margin) & (hot <= blood.max(axis=0) + margin)).all()
    assert (heat_maps.of("subdural") == found).all()
    assert (heat_maps.of("epidural") <= found).all()
    says(monkeypatch, -1.0)  # 1 / (1 + exp(1 / 1.5)) = 0.34 with the temperature of the model
    doubtful = HeatMaps(detector, pictures_of(ct, model.manifest.stages["slices"])).of("hemorrhage")
    assert 30 <= doubtful.max() <= 34
    assert set(map(tuple, np.argwhere(doubtful > 17))) <= set(map(tuple, np.argwhere(found > 45)))


def test_heat_maps_are_written_on_the_grid_of_the_scan(tmp_path: Path, a_looker: Detector):
    hu = np.full((12, 48, 48), -1000, np.int16)
    hu[1:11, 6:-6, 6:-6] = 30
    hu[4, 12:18, 32:38] = 70
    image = nib.Nifti1Image(hu.T, TILT @ AFFINE)
    nib.save(image, tmp_path / "ct.nii.gz")
    result = detect_case(
        tmp_path / "ct.nii.gz", tmp_path / "out", DetectionSettings(heatmap=True), detector=a_looker
    )
    names = {f"heatmap_{label}" for label in CLASSES}
    assert names <= set(result.paths)
    for name in names:
        written = nib.load(result.folder / f"{name}.nii.gz")
        np.testing.assert_allclose(written.affine, image.affine, atol=1e-5)
        assert written.shape == image.shape
        assert written.get_data_dtype() == np.uint8
    hot = np.asarray(nib.load(result.paths["heatmap_hemorrhage"]).dataobj).T
    assert np.flatnonzero(hot.any(axis=(1, 2))).tolist() == [4]
    assert hot[4, 12:18, 32:38].max() == hot.max() > 80
