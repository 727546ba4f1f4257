"""Models of several members, whose networks are replaced by answers made by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.inference import members
from ICHSegmentationLib.inference.device import CPU_INSTEAD
from ICHSegmentationLib.inference.ensemble import Segmenter
from ICHSegmentationLib.models import Earlier, Stage, StageInput
from ICHSegmentationLib.volume import CTVolume

SHAPE = (4, 6, 5)


def stage(earlier: str | None = None) -> Stage:
    link = Earlier(earlier, "channel") if earlier else None
    fed = StageInput("window", (1, 4, 4), "constant", "sigmoid", earlier=link)
    return Stage({"kind": "none"}, "a.safetensors", "", (5.0, 1.0, 1.0), (1, 4, 4), ((40.0, 80.0),), fed)


class AnyModel:
    def __init__(self, recipe: str, stages: dict[str, Stage], inference: Any = (), members: Any = ()) -> None:
        self.manifest = SimpleNamespace(
            recipe=recipe, stages=stages, inference=dict(inference), members=members, labels=("hemorrhage",)
        )

    def verify(self) -> None:
        pass


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each stage answers: a number, or a function of the earlier stage's answer."""
    given: dict[str, Any] = {}

    class Answers:
        def __init__(self, name: str) -> None:
            self.name = name

        def probability(self, hu: np.ndarray, spacing: Any, earlier: np.ndarray | None) -> np.ndarray:
            answer = given[self.name]
            return np.full(hu.shape, answer, np.float32) if np.isscalar(answer) else answer(hu, earlier)

    monkeypatch.setattr(members.StagedNetwork, "open", lambda model, name, device, half: Answers(name))
    return given


def scan(affine: np.ndarray | None = None, shape: tuple[int, int, int] = SHAPE) -> CTVolume:
    return CTVolume(np.zeros(shape, np.int16), np.diag([-1.0, -1.0, 5.0, 1.0]) if affine is None else affine)


def ensemble(recipe: str, count: int, **numbers: float) -> Segmenter:
    stages = {f"m{number}": stage() for number in range(count)}
    return Segmenter(AnyModel(recipe, stages, numbers, tuple((name,) for name in stages)), "cpu")


def test_the_probabilities_of_all_members_are_averaged(answers: dict[str, Any]) -> None:
    answers.update(m0=0.9, m1=0.5, m2=0.25)
    found = ensemble("mean", 3)(scan())
    assert found.mask.voxels.min() == 1, "0.55 on average"
    assert np.unique(found.uncertainty.map.voxels).tolist() == [90], "100 (1 - |2 0.55 - 1|)"
    assert found.uncertainty.half_ratio is None
    answers["m0"] = 0.6
    assert not ensemble("mean", 3)(scan()).mask.voxels.any(), "0.45 on average"


def test_members_vote_with_their_own_masks_and_the_half_ratio_is_told(answers: dict[str, Any]) -> None:
    def votes_of(member: int) -> Any:
        """Member k votes for column c where k < votes[c]."""
        votes = np.array([15, 9, 7, 2, 1])
        return lambda hu, earlier: np.broadcast_to(np.where(member < votes, 0.6, 0.4), hu.shape).astype("f4")

    answers.update({f"m{k}": votes_of(k) for k in range(15)})
    found = ensemble("half_ratio", 15)(scan())
    assert found.uncertainty.half_ratio == pytest.approx(1 / 5)
    assert found.mask.voxels[0, 0].tolist() == [1, 1, 1, 1, 0]
    assert found.uncertainty.map.voxels[0, 0].tolist() == [0, 80, 93, 27, 13], "100 (1 - |2 n/15 - 1|)"


def test_a_later_stage_is_given_the_earlier_ones_answer(answers: dict[str, Any]) -> None:
    answers.update(coarse=0.8, fine=lambda hu, earlier: earlier - 0.2)
    model = AnyModel("stages", {"coarse": stage(), "fine": stage("coarse")}, {"threshold": 0.6})
    found = Segmenter(model, "cpu")(scan())
    assert found.mask.voxels.all(), "0.8 - 0.2 reaches 0.6"
    assert np.unique(found.uncertainty.map.voxels).tolist() == [80]


def test_progress_ends_at_one_after_every_stage_of_every_member(answers: dict[str, Any]) -> None:
    answers.update(m0=0.1, m1=0.1)
    heard: list[float] = []
    ensemble("mean", 2)(scan(), lambda name, fraction: heard.append(fraction))
    assert heard == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("codes", ["RAS", "PIR", "SAL"])
def test_the_mask_lies_on_the_scans_own_grid_whatever_its_axes(answers: dict[str, Any], codes: str) -> None:
    """Networks see the canonical order: these mark the patient's uppermost slice and right-most column."""

    def marks(hu: np.ndarray, earlier: Any) -> np.ndarray:
        found = np.zeros(hu.shape, np.float32)
        found[-1, :, 0] = 1
        return found

    answers.update(m0=marks)
    shape = (3, 4, 5)
    axcodes = nib.orientations.axcodes2ornt(tuple(codes))
    affine = nib.orientations.inv_ornt_aff(axcodes, shape[::-1])
    ct = CTVolume(np.zeros(shape, np.int16), affine)
    found = ensemble("mean", 1)(ct)
    assert found.mask.grid.same_as(ct.grid)
    places = ct.grid.world(np.argwhere(found.mask.voxels))
    everywhere = ct.grid.world(np.argwhere(np.ones(shape)))
    assert np.allclose(places[:, 2], everywhere[:, 2].max()), "superior"
    assert np.allclose(places[:, 0], everywhere[:, 0].max()), "right"
    assert len(places) == len(np.unique(everywhere[:, 1]))


def test_small_regions_are_dropped_by_volume(answers: dict[str, Any]) -> None:
    def two_regions(hu: np.ndarray, earlier: Any) -> np.ndarray:
        found = np.zeros(hu.shape, np.float32)
        found[0, 0, :4] = found[3, 5, 0] = 1  # 20 and 5 mm³
        return found

    answers.update(m0=two_regions)
    assert ensemble("mean", 1, smallest_ml=0.01)(scan()).mask.voxels.sum() == 4
    assert ensemble("mean", 1)(scan()).mask.voxels.sum() == 5


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("MPS backend out of memory")]
)
def test_a_gpu_without_memory_is_left_and_each_later_scan_says_so(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    """No GPU is needed: the stand-in refuses until the CPU is asked."""
    model = ensemble("mean", 1)
    model._device = torch.device("cuda")
    plain = members.Networks.__getitem__

    def refusing(networks: members.Networks, name: str) -> Any:
        if model._device.type != "cpu":
            raise error
        return plain(networks, name)

    monkeypatch.setattr(members.Networks, "__getitem__", refusing)
    answers.update(m0=0.9)
    for found in (model(scan()), model(scan())):
        assert (found.device, found.engine) == ("cpu", "torch")
        assert found.warnings == (CPU_INSTEAD,)
        assert found.mask.voxels.all()


def test_a_stage_that_needs_what_does_not_run_before_it_is_refused() -> None:
    model = AnyModel("stages", {"fine": stage("coarse"), "coarse": stage()})
    with pytest.raises(ModelError, match="does not run before"):
        Segmenter(model, "cpu")


def test_numbers_that_the_recipe_does_not_know_are_refused() -> None:
    with pytest.raises(ModelError, match="margin_mm"):
        ensemble("mean", 1, margin_mm=3)


def test_a_model_of_an_unknown_recipe_is_refused(tmp_path: Path) -> None:
    from ICHSegmentationLib.pipeline import segmenter

    model = SimpleNamespace(manifest=SimpleNamespace(recipe="oracle"))
    with pytest.raises(ModelError, match="oracle"):
        segmenter._trained(model, "cpu", None, "auto")  # type: ignore[arg-type]
