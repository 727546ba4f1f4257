"""The way through the cascade with networks that see just the voxels of 65 HU."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ICHSegmentationLib.inference import cascade
from ICHSegmentationLib.inference.engines.network import EngineError
from ICHSegmentationLib.inference.engines.opening import Opened
from ICHSegmentationLib.inference.network_grid import NetworkGrid
from ICHSegmentationLib.inference.probability import Probability
from ICHSegmentationLib.inference.stage import StageNetwork
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import CTVolume

BLOOD_HU = 65


def noise_hu(hu):
    """Standard deviation of a head without blood, skull and air left out."""
    return hu[(hu > -150) & (hu < 220)].std()


class SeesBlood(StageNetwork):
    """Stands in for a stage: the probability is the share of a voxel that has 65 HU."""

    def __init__(self, stage, network, mirrored):
        self._spacing_mm = stage
        self.seen = []
        self.noise_hu = []

    @staticmethod
    def is_blood(hu):
        return hu == BLOOD_HU

    @property
    def spacing_mm(self):
        return self._spacing_mm

    def probability(self, hu, spacing):
        grid = NetworkGrid.of(hu.shape, spacing, self.spacing_mm)
        self.seen.append(hu.shape)
        self.noise_hu.append(noise_hu(hu))
        blood = self.is_blood(hu).astype(np.float32)
        return Probability(grid.image(blood, [(0.5, 1.0)])[0, 0] / 2 + 0.5, grid)


class AnyModel:
    manifest = SimpleNamespace(
        inference={"smallest_ml": 0.1},
        labels=("hemorrhage",),
        stages={"coarse": (5.0, 1.0, 1.0), "fine": (5.0, 0.5, 0.5)},
    )

    def verify(self):
        pass


@pytest.fixture
def opened():
    """The engine and the device of every network that was opened."""
    return []


@pytest.fixture
def segmenter(monkeypatch, opened):
    return segmenter_of(AnyModel(), monkeypatch, opened)


def segmenter_of(model, monkeypatch, opened):
    def open_network(model, stage, engine, device, threads):
        opened.append((engine, device))
        return Opened(SimpleNamespace(engine=engine))

    monkeypatch.setattr(cascade, "StageNetwork", SeesBlood)
    monkeypatch.setattr(cascade, "open_network", open_network)
    return cascade.Segmenter(model, "cpu", engine="openvino")


def painted_head(affine, shape, centre=(0.0, 0.0, 0.0), radius=16.0):
    """A head (skull, brain of 35 HU) with a ball of blood at ``centre`` (mm from the head's middle, RAS)."""
    indices = np.moveaxis(np.indices(shape), 0, -1)[..., ::-1]
    middle = affine[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    places = indices @ affine[:3, :3].T - middle
    head = np.sqrt(((places / (78, 95, 75)) ** 2).sum(-1))
    hu = np.full(shape, -1000, np.int16)
    hu[head < 1] = 1000
    hu[head < 0.92] = 35
    blood = np.sqrt(((places - centre) ** 2).sum(-1)) < radius
    hu[blood] = BLOOD_HU
    return CTVolume(hu, np.block([[affine[:3, :3], -middle[:, None]], [np.zeros(3), 1]])), blood


def rotation(degrees, axis):
    angle = np.radians(degrees)
    matrix = np.eye(3)
    one, other = [a for a in range(3) if a != axis]
    matrix[one, one] = matrix[other, other] = np.cos(angle)
    matrix[one, other], matrix[other, one] = -np.sin(angle), np.sin(angle)
    return matrix


def affine_of(spacing, directions=None):
    """Affine of a grid with ``spacing`` (column, row, slice) mm along ``directions`` (columns; LPS order)."""
    directions = np.diag([-1.0, -1.0, 1.0]) if directions is None else directions
    return np.block([[directions * spacing, np.zeros((3, 1))], [np.zeros(3), 1]])


LPS = np.diag([-1.0, -1.0, 1.0])
SHEAR = np.eye(3)
SHEAR[1, 2] = np.tan(np.radians(20))
GRIDS = {
    "axial": (affine_of((0.9, 0.9, 5)), (34, 240, 200)),
    "flipped": (affine_of((0.9, 0.9, 5), np.diag([1.0, 1.0, -1.0])), (34, 240, 200)),
    "left-handed": (affine_of((0.9, 0.9, 5), np.diag([1.0, -1.0, 1.0])), (34, 240, 200)),
    "sagittal storage": (affine_of((0.9, 5, 0.9), LPS[:, [1, 2, 0]]), (200, 34, 240)),
    "oblique": (affine_of((0.9, 0.9, 5), rotation(12, 0) @ rotation(-9, 2) @ LPS), (40, 250, 220)),
    "gantry tilt": (affine_of((0.9, 0.9, 5), SHEAR @ LPS), (34, 250, 200)),
    "anisotropic": (affine_of((0.6, 1.1, 3), LPS), (54, 200, 290)),
    "20 slices": (affine_of((0.9, 0.9, 8), LPS), (20, 240, 200)),
    "isotropic, 300 slices": (affine_of((1.2, 1.2, 0.5), LPS), (300, 176, 150)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_the_mask_lies_where_the_blood_is_on_every_grid(segmenter, name):
    affine, shape = GRIDS[name]
    ct, blood = painted_head(affine, shape, centre=(30.0, -20.0, 15.0))
    mask = segmenter(ct).mask
    assert mask.grid.same_as(ct.grid)
    assert mask.voxels.dtype == np.uint8
    assert set(np.unique(mask.voxels)) == {0, 1}
    found = mask.voxels > 0
    assert 2 * (found & blood).sum() / (found.sum() + blood.sum()) > 0.93
    assert abs(found.sum() / blood.sum() - 1) < 0.08


def test_a_single_slice_is_segmented(segmenter):
    ct, blood = painted_head(affine_of((0.9, 0.9, 5)), (1, 240, 200))
    found = segmenter(ct).mask.voxels > 0
    assert 2 * (found & blood).sum() / (found.sum() + blood.sum()) > 0.95


def test_half_a_head_is_segmented(segmenter):
    ct, blood = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200))
    upper = CTVolume(ct.voxels[17:], ct.affine)
    found = segmenter(upper).mask.voxels > 0
    assert 2 * (found & blood[17:]).sum() / (found.sum() + blood[17:].sum()) > 0.93


def test_nothing_found_is_an_empty_mask_and_no_refining(segmenter):
    ct, _ = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), radius=0.0)
    result = segmenter(ct)
    assert not result.mask.voxels.any()
    assert segmenter._fine.seen == []


def test_only_the_head_is_searched_and_only_the_region_is_refined(segmenter):
    ct, _ = painted_head(affine_of((0.9, 0.9, 5)), (34, 400, 400))
    segmenter(ct)
    assert np.prod(segmenter._coarse.seen[0]) < 0.4 * ct.voxels.size
    assert np.prod(segmenter._fine.seen[0]) < 0.03 * ct.voxels.size


def test_bright_things_outside_the_skull_and_specks_are_left_out(segmenter):
    ct, blood = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200))
    voxels = ct.voxels.copy()
    voxels[:, 235:238, 50:150] = BLOOD_HU  # head holder
    voxels[20, 60:63, 100:103] = BLOOD_HU  # 0.04 mL
    found = segmenter(CTVolume(voxels, ct.affine)).mask.voxels > 0
    assert not found[:, 230:].any()
    assert not found[20, 58:65, 98:105].any()
    assert found.sum() > 0.9 * blood.sum()


def test_regions_that_are_too_small_are_told_apart_from_the_outline_down_to_a_tenth_of_a_millilitre(
    monkeypatch, opened
):
    model = AnyModel()
    model.manifest = SimpleNamespace(**{**vars(AnyModel.manifest), "inference": {"smallest_ml": 0.3}})
    ct, blood = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200))
    small, tiny = np.zeros(ct.voxels.shape, bool), np.zeros(ct.voxels.shape, bool)
    small[20:22, 60:65, 98:103] = True  # 0.2 mL
    tiny[26, 60:63, 100:103] = True  # 0.04 mL
    voxels = np.where(small | tiny, BLOOD_HU, ct.voxels).astype(np.int16)
    found = segmenter_of(model, monkeypatch, opened)(CTVolume(voxels, ct.affine))
    mask, specks = found.mask.voxels > 0, found.specks.voxels > 0
    assert mask.sum() > 0.9 * blood.sum()
    assert not mask[small | tiny].any()
    assert specks[small].mean() > 0.5
    assert not specks[26].any()
    assert not (mask & specks).any()


@pytest.mark.parametrize("name", GRIDS)
def test_of_a_noisy_scan_the_networks_see_a_calm_one_and_the_result_warns(segmenter, name):
    affine, shape = GRIDS[name]
    ct, _ = painted_head(affine, shape, radius=0.0)
    slices_in_slab = max(1, round(5.0 / Reorientation.of(ct.grid).grid.spacing[0]))
    noise = np.random.default_rng(0).normal(0, 12 * slices_in_slab**0.5, shape)
    noisy = CTVolume((ct.voxels + noise * (ct.voxels == 35)).round().astype(np.int16), ct.affine)
    result = segmenter(noisy)
    assert segmenter._coarse.noise_hu[0] < 0.6 * noise_hu(noisy.voxels)
    assert any("noisy" in warning for warning in result.warnings)


def test_a_scan_without_noise_reaches_the_networks_untouched(segmenter):
    ct, _ = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), radius=0.0)
    assert not any("noisy" in warning for warning in segmenter(ct).warnings)
    assert segmenter._coarse.noise_hu == [0.0]


@pytest.mark.parametrize("higher", [-10, -7, 0, 7, 10])
def test_networks_that_know_one_brain_density_see_it_in_every_scan(monkeypatch, opened, higher):
    model = AnyModel()
    numbers = {"smallest_ml": 0.1, "lowest_brain_hu": 35, "highest_brain_hu": 35}
    known = SimpleNamespace(**{**vars(AnyModel.manifest), "inference": numbers})
    monkeypatch.setattr(model, "manifest", known, raising=False)
    ct, blood = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), centre=(30.0, -20.0, 15.0))
    scan = CTVolume(ct.voxels + np.int16(higher), ct.affine)
    found = segmenter_of(model, monkeypatch, opened)(scan).mask.voxels > 0
    assert 2 * (found & blood).sum() / (found.sum() + blood.sum()) > 0.93


def test_networks_that_know_none_see_the_scan_as_it_is(segmenter):
    ct, _ = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200))
    brighter = CTVolume(ct.voxels + np.int16(7), ct.affine)
    assert segmenter(ct).mask.voxels.any() and not segmenter(brighter).mask.voxels.any()


@pytest.mark.parametrize(
    ("brain_hu", "without_rim"),
    [(29, False), (35, True), (40, True)],  # of 29 HU nothing darker is to be seen
)
def test_a_rim_that_only_a_brighter_brain_makes_is_left_out_and_faint_blood_elsewhere_stays(
    monkeypatch, opened, brain_hu, without_rim
):
    numbers = {"unsure": 0.5, "lowest_brain_hu": 29, "highest_brain_hu": 35, "rim_mm": 3.0}
    model = AnyModel()
    model.manifest = SimpleNamespace(**{**vars(AnyModel.manifest), "inference": numbers})
    monkeypatch.setattr(SeesBlood, "is_blood", staticmethod(lambda hu: hu >= 65))
    ct, wide = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), radius=32.0)
    _, core = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), radius=30.0)
    _, faint = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), centre=(0.0, -60.0, 0.0), radius=10.0)
    above_brain = np.where(core, 45, np.where(wide | faint, 36 if brain_hu == 29 else 33, 0))
    inside = (ct.voxels == 35) | wide
    scan = CTVolume(np.where(inside, brain_hu + above_brain, ct.voxels).astype(np.int16), ct.affine)
    segmenter = segmenter_of(model, monkeypatch, opened)
    result = segmenter(scan)
    found = result.mask.voxels > 0
    rim = wide & ~core & core.any(axis=(1, 2))[:, None, None]
    assert found[core].mean() > 0.95 and found[faint].mean() > 0.85
    assert found[rim].mean() < 0.15 if without_rim else found[rim].mean() > 0.6
    assert not without_rim or np.median(result.uncertainty.map.voxels[rim]) == 100
    # the whole head is looked at once, what is around the blood again
    regions = segmenter._fine.seen
    assert len(segmenter._coarse.seen) == 1
    assert not without_rim or regions[len(regions) // 2 :] == regions[: len(regions) // 2]


def test_progress_runs_forward_and_names_the_stages(segmenter):
    heard = []
    ct, _ = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200))
    result = segmenter(ct, lambda stage, fraction: heard.append((stage, fraction)))
    assert [stage for stage, _ in dict(heard).items()] == ["prepare", "locate", "refine"]
    assert [fraction for _, fraction in heard] == sorted(fraction for _, fraction in heard)
    assert set(result.timings_s) == {"prepare", "locate", "refine"}
    assert result.device == "cpu"


def test_a_device_that_is_not_there_is_named():
    from ICHSegmentationLib.errors import DeviceError

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(DeviceError, match="'cuda'"):
        cascade.choose_device("cuda")


@pytest.mark.parametrize(
    ("device", "error", "said"),
    [
        ("cuda", torch.OutOfMemoryError("CUDA out of memory"), "too little free memory"),
        ("cpu", EngineError("no such kernel"), "openvino failed (no such kernel)"),
    ],
)
def test_a_gpu_without_memory_or_a_failing_engine_is_left_with_a_warning(
    segmenter, opened, monkeypatch, device, error, said
):
    """No GPU is needed: the stand-in refuses until PyTorch on the CPU is asked."""
    segmenter._device = device
    plain = SeesBlood.probability

    def refusing(stage, hu, spacing):
        if ("torch", "cpu") not in opened:
            raise error
        return plain(stage, hu, spacing)

    monkeypatch.setattr(SeesBlood, "probability", refusing)
    ct, blood = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200))
    for result in (segmenter(ct), segmenter(ct)):
        assert (result.device, result.engine) == ("cpu", "torch")
        assert [warning for warning in result.warnings if said in warning]
        assert (result.mask.voxels > 0).sum() > 0.9 * blood.sum()
    assert opened == [("openvino", "cpu")] * 2 + [("torch", "cpu")] * 2


@pytest.mark.parametrize("name", ["axial", "flipped", "sagittal storage", "oblique", "gantry tilt"])
def test_the_rim_of_the_blood_is_unsure_and_its_inside_and_the_rest_are_sure(segmenter, name):
    affine, shape = GRIDS[name]
    centre, radius = np.array((30.0, -20.0, 15.0)), 16.0
    ct, _ = painted_head(affine, shape, centre, radius)
    doubt = segmenter(ct).uncertainty.map
    assert doubt.grid.same_as(ct.grid)
    assert doubt.voxels.dtype == np.uint8
    assert (doubt.voxels > 40).any()
    places = ct.grid.world(np.argwhere(doubt.voxels > 40))
    from_edge = np.abs(np.linalg.norm(places - centre, axis=1) - radius)
    assert np.quantile(from_edge, 0.99) < 5.0  # a slice's thickness


def test_a_case_without_blood_is_sure_of_it(segmenter):
    ct, _ = painted_head(affine_of((0.9, 0.9, 5)), (34, 240, 200), radius=0.0)
    doubt = segmenter(ct).uncertainty
    assert not doubt.map.voxels.any()
    assert doubt.left_out_ml == 0
