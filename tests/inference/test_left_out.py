from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfgp.data import Observations
from mfgp.inference import ExactPosterior, TaskNoise, left_out
from mfgp.inference.left_out import left_out_joint
from mfgp.kernels import TaskKernel

GROUPS = {
    "each value alone": lambda data: torch.arange(len(data)),
    "rows": lambda data: data.row,
    "three folds": lambda data: data.row % 3,
    "one group of all": lambda data: torch.zeros(len(data), dtype=torch.long),
    "labels with gaps": lambda data: 10 * (data.row % 2) - 4,
}


def without(kernel: TaskKernel, data: Observations, gone: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the observations that are gone, by a posterior that never saw them."""
    rest, held = data.take(~gone), data.take(gone)
    found = ExactPosterior(kernel, TaskNoise(2, rest.task, rest.noise), rest)
    mean, covariance = found.at(torch.cat([held.x, held.task.unsqueeze(-1).double()], dim=-1))
    noise = TaskNoise(2, held.task, held.noise).variance(held.task, held.noise.square())
    return mean.detach(), (covariance + torch.diag(noise)).detach()


@pytest.mark.parametrize("groups", GROUPS)
def test_it_is_the_posterior_without_the_group(kernel: TaskKernel, observations: Observations, groups: str) -> None:
    noise = torch.where(observations.row % 4 == 0, 0.2, observations.noise)  # known for some values, learned for others
    data = Observations(observations.x, observations.task, observations.y, noise, observations.row)
    group = GROUPS[groups](data)
    found = left_out(ExactPosterior(kernel, TaskNoise(2, data.task, data.noise), data), group)
    for place, label in enumerate(group.unique()):
        gone = group == label
        mean, covariance = without(kernel, data, gone)
        torch.testing.assert_close(found.mean[gone], mean, rtol=1e-7, atol=1e-7)
        torch.testing.assert_close(found.variance[gone], covariance.diagonal(), rtol=1e-7, atol=1e-7)
        density = torch.distributions.MultivariateNormal(mean, covariance).log_prob(data.y[gone])
        torch.testing.assert_close(found.log_density[place], density, rtol=1e-6, atol=1e-6)


def test_the_order_of_observations_does_not_matter(kernel: TaskKernel, observations: Observations) -> None:
    posterior = ExactPosterior(kernel, TaskNoise(2, observations.task, observations.noise), observations)
    half, rest = observations.take(observations.row < 12), observations.take(observations.row >= 12)
    noise = TaskNoise(2, half.task, half.noise)
    grown = ExactPosterior(kernel, noise, half).extended(rest, noise)
    order = torch.cat([torch.nonzero(observations.row < 12), torch.nonzero(observations.row >= 12)]).squeeze(-1)
    expected = left_out(posterior, observations.row)
    found = left_out(grown, grown.observations.row)
    torch.testing.assert_close(found.mean, expected.mean[order], rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(found.log_density, expected.log_density, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("groups", [name for name in GROUPS if name != "one group of all"])
def test_the_joint_is_that_of_a_posterior_without_the_group(
    kernel: TaskKernel, observations: Observations, groups: str
) -> None:
    """Of all tasks, at rows of which one has no group that is left out."""
    data, group = observations, GROUPS[groups](observations)
    places = torch.arange(0, len(data), 3)
    x, of_row = data.x[places], group[places]
    of_row[1] = 7_000
    found = left_out_joint(ExactPosterior(kernel, TaskNoise(2, data.task, data.noise), data), x, group, of_row)
    for place, label in enumerate(of_row):
        rest = data.take(group != label)
        expected = ExactPosterior(kernel, TaskNoise(2, rest.task, rest.noise), rest).joint(x[place : place + 1])
        torch.testing.assert_close(found.mean[place], expected.mean[0], rtol=1e-7, atol=1e-7)
        torch.testing.assert_close(found.covariance[place], expected.covariance[0], rtol=1e-7, atol=1e-7)
