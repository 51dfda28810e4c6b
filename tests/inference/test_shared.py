"""What rows share, by the blocked way and by the one that has a gradient, against one joint posterior."""

from __future__ import annotations

import pytest
import torch
from gpytorch.kernels import LinearKernel, RQKernel
from torch import Tensor

from mfgp.data import Observations
from mfgp.inference import ExactPosterior, TaskNoise
from mfgp.inference.posterior import every_task
from mfgp.inference.shared import SharedWith
from mfgp.kernels import CoregionalizationKernel, TaskKernel


def inputs(count: int, seed: int) -> Tensor:
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shared(kernel: TaskKernel, data: Observations) -> SharedWith:
    posterior = ExactPosterior(kernel, TaskNoise(kernel.num_tasks, data.task, data.noise), data)
    fixed = torch.cat([data.x[:2], inputs(3, 1)])
    return SharedWith(posterior, torch.cat([fixed, torch.tensor([[0.0], [1.0], [0.0], [1.0], [1.0]]).double()], dim=-1))


USERS = CoregionalizationKernel([LinearKernel().double() + RQKernel(active_dims=[1]).double()], 2, 1)


@pytest.fixture(params=["plain", "user's"])
def found(request: pytest.FixtureRequest, kernel: TaskKernel, observations: Observations) -> SharedWith:
    return shared(kernel if request.param == "plain" else USERS, observations)


def test_it_is_a_part_of_the_joint_posterior(found: SharedWith, observations: Observations) -> None:
    x = torch.cat([inputs(4, 0), observations.x[:2]])  # with two of the fixed rows
    each, along = found.at(x), found.along(x)
    for row, every in enumerate(every_task(x, 2)):
        mean, covariance = found.posterior.at(torch.cat([every, found.rows]))
        for result in (each, along):
            torch.testing.assert_close(result.mean[row], mean[:2], rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(result.own[row], covariance[:2, :2], rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(result.covariance[row], covariance[:2, 2:], rtol=1e-9, atol=1e-9)


def test_its_slopes_are_those_of_differences(found: SharedWith) -> None:
    x = inputs(4, 0).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda z: tuple(found.along(z)), x)
    assert torch.autograd.gradcheck(lambda z: tuple(found.posterior.along(z)), x)
