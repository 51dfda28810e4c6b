from __future__ import annotations

import pytest
import torch
from gpytorch.distributions import MultivariateNormal
from torch import Tensor

from mfgp.inference import TaskNoise

NAN = float("nan")
TASK = torch.tensor([0, 0, 1, 1, 2])
KNOWN = torch.tensor([0.1, 0.3, NAN, 0.2, NAN], dtype=torch.float64)


def rows(task: Tensor) -> Tensor:
    return torch.stack([torch.rand(len(task)).double(), task.double()], dim=-1)


def prior(n: int) -> MultivariateNormal:
    return MultivariateNormal(torch.zeros(n).double(), torch.eye(n).double())


def added(likelihood: TaskNoise, x: Tensor, **kwargs: Tensor) -> Tensor:
    return likelihood(prior(len(x)), x, **kwargs).variance - 1.0


def test_a_known_noise_is_used_as_given_and_the_rest_is_learned() -> None:
    noise = TaskNoise(3, TASK, KNOWN)
    noise.set_scale(torch.tensor([0.7, 0.5, 0.6]).double())
    expected = torch.tensor([0.1, 0.3, 0.5, 0.2, 0.6]).double() ** 2
    torch.testing.assert_close(noise.variance(TASK, KNOWN.square()), expected)
    torch.testing.assert_close(added(noise, rows(TASK)), expected)


def test_which_tasks_have_noise_to_learn() -> None:
    assert TaskNoise(3, TASK, KNOWN).learned.tolist() == [False, True, True]
    assert TaskNoise(4, TASK).learned.tolist() == [True] * 4


def test_a_new_value_has_the_typical_noise_of_its_task() -> None:
    noise = TaskNoise(3, TASK, KNOWN)
    noise.set_scale(torch.tensor([0.7, 0.5, 0.6]).double())
    expected = torch.tensor([(0.1**2 + 0.3**2) / 2, 0.25, 0.36]).double()
    torch.testing.assert_close(noise.task_variance(), expected)
    new = torch.tensor([2, 0, 1])
    torch.testing.assert_close(added(noise, rows(new)), expected[new])


def test_a_noise_given_for_the_rows_wins() -> None:
    given = torch.tensor([4.0, 9.0]).double()
    torch.testing.assert_close(added(TaskNoise(3, TASK), rows(torch.tensor([0, 1])), noise=given), given)


def test_no_noise_at_all_is_a_known_noise() -> None:
    noise = TaskNoise(2, torch.tensor([0, 1]), torch.tensor([0.0, NAN]))
    assert noise.task_variance()[0].item() == 0.0


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e9])
def test_a_scale_beyond_its_bounds_is_kept_inside(scale: float) -> None:
    noise = TaskNoise(1, torch.tensor([0]))
    noise.set_scale(torch.tensor([scale]).double())
    assert noise.BOUNDS[0] < noise.scale.item() < noise.BOUNDS[1]


def test_a_scale_inside_is_set() -> None:
    noise = TaskNoise(2, torch.tensor([0, 1]))
    noise.set_scale(torch.tensor([0.01, 1.5]).double())
    torch.testing.assert_close(noise.scale, torch.tensor([0.01, 1.5]).double())


def test_gradients_reach_the_learned_scale_only_where_it_is_used() -> None:
    noise = TaskNoise(3, TASK, KNOWN)
    noise.variance(TASK, KNOWN.square()).sum().backward()
    assert ((noise.raw_scale.grad != 0) == noise.learned).all()
    assert torch.isfinite(noise.raw_scale.grad).all()
