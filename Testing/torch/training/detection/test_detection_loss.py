"""The weighted log loss of the RSNA challenge, by hand."""

import math

import pytest
import torch

from Training.detection.loss import weighted_log_loss


def test_any_counts_twice():
    logits = torch.zeros(1, 6)
    logits[0, 0] = 2.0
    loss = weighted_log_loss(logits, torch.zeros(1, 6))
    wanted = (2 * math.log(1 + math.exp(2)) + 5 * math.log(2)) / 7
    assert loss.item() == pytest.approx(wanted, rel=1e-6)


def test_what_nobody_told_takes_no_part():
    logits = torch.tensor([[3.0, -1.0, 0.0, 0.0, 0.0, 50.0]], requires_grad=True)
    loss = weighted_log_loss(logits, torch.tensor([[1, 0, -1, -1, -1, -1]]))
    loss.backward()
    wanted = (2 * math.log(1 + math.exp(-3)) + math.log(1 + math.exp(-1))) / 3
    assert loss.item() == pytest.approx(wanted, rel=1e-6)
    assert logits.grad[0, 2:].abs().sum() == 0


def test_nothing_known_is_no_loss_and_no_nan():
    assert float(weighted_log_loss(torch.randn(4, 6), torch.full((4, 6), -1))) == 0.0
