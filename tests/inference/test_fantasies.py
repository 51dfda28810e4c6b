"""Observations added in batches to a posterior: the law of conditioning, and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfgp.data import Observations
from mfgp.errors import NumericsError
from mfgp.inference import ExactPosterior, Fantasies, TaskNoise
from mfgp.kernels import AutoregressiveKernel, input_kernel

NOISE = torch.tensor([0.1, 0.2]).double()


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rows(*shape: int, seed: int) -> Tensor:
    """Rows of two inputs, the tasks in turn."""
    task = (torch.arange(shape[-1]) % 2).double().expand(shape).unsqueeze(-1)
    return torch.cat([draw(*shape, 2, seed=seed), task], dim=-1)


def posterior_of(known: Tensor, values: Tensor) -> ExactPosterior:
    order = torch.argsort(known[:, -1], stable=True)
    task = known[order, -1].long()
    data = Observations(known[order, :-1], task, values[order], torch.full_like(values, torch.nan), order)
    kernel = AutoregressiveKernel([input_kernel("matern52", 2) for _ in range(2)], {1: [0]}).double()
    noise = TaskNoise(2, task)
    noise.set_scale(NOISE)
    return ExactPosterior(kernel, noise, data)


KNOWN, VALUES = rows(8, seed=0), draw(8, seed=1)


def fantasies(new: Tensor, values: Tensor) -> Fantasies:
    variance = NOISE.square()[new[..., -1].long()]
    return Fantasies(posterior_of(KNOWN, VALUES), new, values, variance)


def close(found: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9)


def test_each_batch_is_the_posterior_of_all_its_observations() -> None:
    new, values, x = rows(3, 2, seed=2), draw(4, 3, 2, seed=3), rows(3, 5, seed=4)
    mean, covariance = fantasies(new, values).at(x)
    assert mean.shape == (4, 3, 5)
    assert covariance.shape == (4, 3, 5, 5)
    for i in range(4):
        for j in range(3):
            whole = posterior_of(torch.cat([KNOWN, new[j]]), torch.cat([VALUES, values[i, j]]))
            close((mean[i, j], covariance[i, j]), whole.at(x[j]))


def test_no_new_information_changes_no_mean() -> None:
    new, x = rows(3, seed=2), rows(5, seed=4)
    posterior = posterior_of(KNOWN, VALUES)
    mean, covariance = fantasies(new, posterior.at(new)[0]).at(x)
    before = posterior.at(x)
    torch.testing.assert_close(mean, before[0])
    assert (covariance.diagonal() < before[1].diagonal()).all()


def test_one_after_another_is_all_at_once() -> None:
    new, values, x = rows(3, 4, seed=2), draw(3, 4, seed=3), rows(5, seed=4)
    variance = NOISE.square()[new[..., -1].long()]
    first = fantasies(new[:, :1], values[:, :1])
    both = first.followed_by(new[:, 1:], values[:, 1:], variance[:, 1:])
    close(both.at(x), fantasies(new, values).at(x))


def test_fantasies_of_fantasies_have_a_dimension_more() -> None:
    first = fantasies(rows(3, 1, seed=2), draw(3, 1, seed=3))
    more = first.followed_by(rows(3, 1, seed=5), draw(6, 3, 1, seed=6), NOISE[:1].square())
    mean, covariance = more.at(rows(5, seed=4))
    assert mean.shape == (6, 3, 5)
    assert covariance.shape == (6, 3, 5, 5)
    assert not torch.allclose(mean[0], mean[1])


@pytest.mark.parametrize("part", [0, 1], ids=["mean", "covariance"])
def test_gradients_by_rows_and_values(part: int) -> None:
    task = rows(3, 2, seed=2)[..., -1:]

    def found(new: Tensor, values: Tensor, x: Tensor) -> Tensor:
        return fantasies(torch.cat([new, task], dim=-1), values).at(torch.cat([x, task], dim=-1))[part]

    given = draw(3, 2, 2, seed=2), draw(4, 3, 2, seed=3), draw(3, 2, 2, seed=4)
    assert torch.autograd.gradcheck(found, [each.requires_grad_() for each in given], atol=1e-6)


def test_a_row_that_is_measured_twice_without_noise() -> None:
    new = rows(1, seed=2).expand(2, -1)
    twice = Fantasies(posterior_of(KNOWN, VALUES), new, torch.ones(2).double(), torch.zeros(2).double())
    once = Fantasies(posterior_of(KNOWN, VALUES), new[:1], torch.ones(1).double(), torch.zeros(1).double())
    x = rows(5, seed=4)
    torch.testing.assert_close(twice.at(x)[0], once.at(x)[0], rtol=0, atol=1e-6)


def test_values_that_are_not_finite() -> None:
    message = (
        "the covariance of 1 fantasies is not positive definite even with a jitter of 0.0001; look for rows, values"
    )
    with pytest.raises(NumericsError, match=message):
        Fantasies(posterior_of(KNOWN, VALUES), rows(1, seed=2), torch.ones(1).double(), torch.tensor([-9.0])).at(KNOWN)
