"""What happens within a step: memory, precision, gradients, losses that are no number."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_training
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from small_training import CPU, STAGE, run, weights, write_cases

from ICHSegmentationLib.errors import ICHError, InsufficientMemoryError
from Training.datasets import Case
from Training.fresh_network import fresh_network
from Training.loop import trainer
from Training.loop.checkpoint import LAST
from Training.loop.log import read_log
from Training.loop.memory import memory_advice
from Training.recipes import StageRecipe, recipe


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return write_cases(tmp_path_factory.mktemp("data"))


def test_a_training_goes_on_in_half_precision_when_the_memory_did_not_suffice(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stage = replace(STAGE, epochs=1)
    run(tmp_path, cases, stage)
    half = Fabric(accelerator="cpu", plugins=MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu")))
    monkeypatch.setattr(small_training, "make_fabric", lambda _: half)
    assert run(tmp_path, cases, stage).step == stage.iterations_per_epoch


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("can't allocate memory: 5 bytes")]
)
def test_lack_of_memory_says_what_to_change(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(trainer.RecipeLoss, "forward", fails)
    with pytest.raises(InsufficientMemoryError) as raised:
        run(tmp_path, cases)
    assert "2 patches of 1 x 32 x 32" in raised.value.message
    for advice in ("--precision 16-mixed", "--batch 1", "--patch 1 16 16"):
        assert advice in raised.value.hint


@pytest.mark.parametrize(
    ("name", "patch"),
    [
        ("li_chen_2d", "--patch 1 256 256"),
        ("xu_cascade", "--patch 8 320 320"),
        ("li_chen_2d_small", ""),
        ("li_chen_nnunet_debug", ""),
    ],
)
def test_lack_of_memory_advises_only_a_patch_that_the_network_takes(name: str, patch: str):
    stage = recipe(name).stages[-1]
    with pytest.raises(InsufficientMemoryError) as raised, memory_advice(stage, CPU):
        raise MemoryError
    assert patch in raised.value.hint
    assert bool(patch) == ("--patch" in raised.value.hint)


def test_a_loss_that_is_no_number_ends_the_training(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real = trainer.RecipeLoss.forward
    monkeypatch.setattr(trainer.RecipeLoss, "forward", lambda *args: real(*args) * float("nan"))
    with pytest.raises(ICHError, match="no number in epoch 0"):
        run(tmp_path, cases)
    assert not (tmp_path / STAGE.name / LAST).exists()


def test_gradients_are_clipped_to_the_recipes_norm(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With plain gradient descent at rate 1, a step is as long as the gradient."""
    descent = replace(STAGE.optimizer, name="sgd", learning_rate=1.0, gradient_clip=1e-3)
    stage = replace(STAGE, optimizer=descent, epochs=1, iterations_per_epoch=1)
    torch.manual_seed(CPU.seed)
    before = dict(fresh_network(stage).named_parameters())
    run(tmp_path, cases, stage)
    after = weights(tmp_path / stage.name)
    moved = sum(float((after[key] - value.detach()).square().sum()) for key, value in before.items()) ** 0.5
    assert moved == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize(
    ("precision", "computed"), [("bf16-mixed", torch.bfloat16), ("32-true", torch.float32)]
)
def test_mixed_precision_computes_in_half_and_keeps_whole_weights(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Any, computed: torch.dtype
):
    seen: set[torch.dtype] = set()

    def watched(stage: StageRecipe) -> torch.nn.Module:
        network = fresh_network(stage)
        first = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
        first.register_forward_hook(lambda module, given, answer: seen.add(answer.dtype))
        return network

    monkeypatch.setattr(trainer, "fresh_network", watched)
    run(tmp_path, cases, replace(STAGE, epochs=1), replace(CPU, precision=precision))
    assert seen == {computed}, "training and validation"
    assert all(value.dtype == torch.float32 for value in weights(tmp_path / STAGE.name).values())
    assert json.dumps(read_log(tmp_path / STAGE.name)), "with plain numbers"


def test_on_a_cpu_half_precision_leaves_small_images_out(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: set[tuple[bool, torch.dtype]] = set()

    def watched(stage: StageRecipe) -> torch.nn.Module:
        network = fresh_network(stage)
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(
                    lambda _, given, answer: seen.add((min(given[0].shape[-2:]) > 16, answer.dtype))
                )
        return network

    monkeypatch.setattr(trainer, "fresh_network", watched)
    run(tmp_path, cases, replace(STAGE, epochs=1), replace(CPU, precision="bf16-mixed"))
    assert seen == {(True, torch.bfloat16), (False, torch.float32)}
