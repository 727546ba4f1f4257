"""Learning rates against PyTorch's own schedulers, epoch by epoch."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from small_training import STAGE

from Training.loop.schedule import learning_rate, make_optimizer
from Training.recipes import OptimizerRecipe, SchedulerRecipe, StageRecipe


def stage(name: Any, epochs: int, **params: float) -> StageRecipe:
    return replace(STAGE, epochs=epochs, scheduler=SchedulerRecipe(name, params))


def told_by(scheduler_of: Any, epochs: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-2)
    scheduler, rates = scheduler_of(optimizer), []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_the_polynomial_descent_is_that_of_li_and_chen():
    described = stage("poly", 1000, power=0.9)
    assert learning_rate(described, 0) == 0.01
    assert learning_rate(described, 400) == pytest.approx(0.01 * (1 - 400 / 1000) ** 0.9)
    expected = told_by(lambda o: torch.optim.lr_scheduler.PolynomialLR(o, 40, power=0.9), 40)
    assert [learning_rate(stage("poly", 40, power=0.9), e) for e in range(40)] == pytest.approx(expected)


def test_the_cosine_restarts_where_pytorchs_does():
    described = stage("cosine_warm_restarts", 100, first_period=10, period_factor=2)
    expected = told_by(lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 10, 2), 100)
    assert [learning_rate(described, e) for e in range(100)] == pytest.approx(expected)


def test_a_constant_rate_stays():
    assert {learning_rate(stage("constant", 9), e) for e in range(9)} == {0.01}


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)]
)
def test_each_optimizer_gets_its_own_numbers(name: Any, kind: type):
    recipe = OptimizerRecipe(name, 0.3, {"weight_decay": 0.2})
    optimizer = make_optimizer(recipe, [torch.nn.Parameter(torch.zeros(1))])
    assert type(optimizer) is kind
    assert optimizer.param_groups[0]["lr"] == 0.3
    assert optimizer.param_groups[0]["weight_decay"] == 0.2
