import json

import pytest
import torch
from monai.losses import DiceCELoss
from test_sampling import a_sample
from torch import nn

from ICHSegmentationLib.networks.residual_unet import ResidualUNet
from Training.default_model.loop import DeepSupervisionLoss, train
from Training.default_model.patch_source import PatchSource
from Training.default_model.sampling import IGNORE
from Training.default_model.schedule import Schedule


class TwoLevels(nn.Module):
    """The smallest network with two outputs while training."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv3d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm3d(4)

    def forward(self, image):
        return self.norm(self.convolution(image)).unflatten(1, (2, 2))


def a_source():
    return PatchSource([a_sample()], {"hematoma": 1.0}, (4, 16, 16))


SCHEDULE = Schedule(steps=8, batch=1, warm_up=1, save_every=2)


def test_the_loss_of_known_voxels_is_monais():
    torch.manual_seed(1)
    outputs = torch.randn(2, 1, 2, 4, 6, 6)
    target = (torch.rand(2, 1, 4, 6, 6) > 0.6).float()
    monai = DiceCELoss(
        include_background=False, to_onehot_y=True, softmax=True, batch=True, smooth_nr=1.0, smooth_dr=1.0
    )
    torch.testing.assert_close(DeepSupervisionLoss()(outputs, target), monai(outputs[:, 0], target))


def test_each_level_weighs_half_of_the_finer_one():
    torch.manual_seed(2)
    outputs = torch.randn(1, 3, 2, 4, 6, 6)
    target = (torch.rand(1, 1, 4, 6, 6) > 0.6).float()
    loss = DeepSupervisionLoss()
    levels = [loss(outputs[:, i : i + 1], target) for i in range(3)]
    expected = (levels[0] + levels[1] / 2 + levels[2] / 4) / 1.75
    torch.testing.assert_close(loss(outputs, target), expected)


def test_unknown_voxels_teach_nothing():
    outputs = torch.randn(1, 2, 2, 4, 6, 6, requires_grad=True)
    target = (torch.rand(1, 1, 4, 6, 6) > 0.5).float()
    target[..., :3] = IGNORE
    DeepSupervisionLoss()(outputs, target).backward()
    assert (outputs.grad[..., :3] == 0).all()
    assert (outputs.grad[..., 3:] != 0).any()


def test_the_rate_warms_up_stays_and_descends_to_zero():
    schedule = Schedule(steps=100, warm_up=10, descent=0.4)
    factors = [schedule.factor(step) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[10:60] == [1.0] * 50
    assert factors[80] == pytest.approx(0.5)
    assert factors[100] == 0


def test_training_learns_and_keeps_a_log(tmp_path):
    train(TwoLevels(), a_source(), Schedule(steps=30, batch=2, warm_up=1, learning_rate=0.05), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(30))
    losses = [line["loss"] for line in lines]
    assert sum(losses[-5:]) < sum(losses[:5])


def test_bfloat16_computes_the_fine_levels_while_the_weights_stay_exact(tmp_path):
    network, seen = ResidualUNet(features=(2,) * 7, deep_supervision=1), {}
    levels = network.network
    for name, part in {"finest": levels.input_block.conv1, "deepest": levels.bottleneck.conv1}.items():
        part.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.dtype}))
    source = PatchSource([a_sample()], {"hematoma": 1.0}, (4, 64, 64))
    train(network, source, Schedule(steps=1, batch=2, bfloat16=True), tmp_path)
    assert seen == {"finest": torch.bfloat16, "deepest": torch.float32}
    assert {value.dtype for value in network.parameters()} == {torch.float32}


def test_a_gradient_that_is_no_number_ends_the_training_before_it_is_learned(tmp_path):
    network = TwoLevels()
    network.convolution.weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(RuntimeError, match="non-finite"):
        train(network, a_source(), SCHEDULE, tmp_path)
    assert torch.isfinite(network.convolution.weight).all()


def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(tmp_path):
    train(TwoLevels(), a_source(), SCHEDULE, tmp_path / "whole")

    class Interrupted(PatchSource):
        def batch(self, step, size):
            if step == 5:
                raise KeyboardInterrupt
            return super().batch(step, size)

    source = a_source()
    broken = Interrupted(source.samples, source.weights, source.shape, source.augmentation, source.seed)
    with pytest.raises(KeyboardInterrupt):
        train(TwoLevels(), broken, SCHEDULE, tmp_path / "parts")
    train(TwoLevels(), source, SCHEDULE, tmp_path / "parts")

    states = [torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "parts")]
    assert states[0]["step"] == states[1]["step"] == 8
    for part in ("network", "average"):
        for key, value in states[0][part].items():
            torch.testing.assert_close(states[1][part][key], value, rtol=0, atol=0)


def test_the_last_steps_use_the_running_statistics(tmp_path):
    network = TwoLevels()
    train(network, a_source(), Schedule(steps=6, batch=1, warm_up=1, freeze_norm_at=4), tmp_path)
    assert not network.norm.training


def test_the_last_steps_start_from_the_averaged_weights(tmp_path):
    schedule = Schedule(steps=5, batch=1, warm_up=1, freeze_norm_at=4, learning_rate=0.0, averaging=0.5)
    train(TwoLevels(), a_source(), schedule, tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    torch.testing.assert_close(
        state["network"]["norm.running_mean"], state["average"]["module.norm.running_mean"]
    )


def test_the_last_steps_use_statistics_of_many_batches(tmp_path):
    schedule = Schedule(steps=5, batch=1, warm_up=1, freeze_norm_at=4, settling=7, learning_rate=0.0)
    network, source = TwoLevels(), a_source()
    train(network, source, schedule, tmp_path)
    with torch.no_grad():
        means = [network.convolution(source.batch(5 + n, 1)[0]).mean((0, 2, 3, 4)) for n in range(7)]
    torch.testing.assert_close(network.norm.running_mean, torch.stack(means).mean(0))


def test_a_network_that_has_learned_before_keeps_its_statistics(tmp_path):
    network = TwoLevels()
    network.norm.running_mean.fill_(3.0)
    train(network, a_source(), Schedule(steps=3, batch=1, warm_up=1, freeze_norm_at=0), tmp_path)
    assert (network.norm.running_mean == 3.0).all()
    assert not network.norm.training
