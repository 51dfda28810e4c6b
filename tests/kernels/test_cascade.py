"""A task's covariance over inputs and over the values, certain or not, of its sources."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfgp.kernels import AutoregressiveKernel, CascadeKernel, input_kernel

OWN, CURVE, SLOPES = 0.6, 0.9, torch.tensor([0.7, 1.3], dtype=torch.float64)


def make_kernel(num_sources: int, curve: float = CURVE, change: float = 1.2) -> CascadeKernel:
    """Over two inputs, with a relation that changes over them with this lengthscale."""
    kernel = CascadeKernel(input_kernel("matern52", 2), input_kernel("rbf", 2), 2, num_sources)
    kernel.set_scales(own=OWN, curve=curve, slopes=SLOPES[:num_sources])
    with torch.no_grad():
        kernel.own.inner.lengthscale = 0.8
        kernel.relation.inner.lengthscale = change
        kernel.relation.values.lengthscale = torch.tensor([0.7, 1.5], dtype=torch.float64)[:num_sources]
    return kernel


def make_rows(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return torch.cat([x, mean, variance, torch.zeros(*x.shape[:-1], 1, dtype=torch.float64)], dim=-1)


def random_rows(count: int, num_sources: int, seed: int = 0) -> Tensor:
    """Some sources are uncertain, some are not, and the last two rows are one."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    mean = torch.randn(count, num_sources, generator=generator, dtype=torch.float64)
    variance = torch.rand(count, num_sources, generator=generator, dtype=torch.float64)
    variance[::3] = 0.0
    rows = make_rows(x, mean, variance)
    rows[-1] = rows[-2]
    return rows


@pytest.mark.parametrize("num_sources", [1, 2])
@torch.no_grad()
def test_the_covariance_is_symmetric_and_positive_semidefinite(num_sources: int) -> None:
    rows = random_rows(20, num_sources)
    covariance = make_kernel(num_sources).forward(rows, rows)
    torch.testing.assert_close(covariance, covariance.T)
    values = torch.linalg.eigvalsh(covariance)
    assert values[0] > -1e-10 * values[-1]
    assert torch.linalg.eigvalsh(covariance[:-1, :-1])[0] > 1e-6  # without the row that is there twice


@pytest.mark.parametrize("num_sources", [1, 2])
@torch.no_grad()
def test_the_diagonal_is_that_of_the_matrix(num_sources: int) -> None:
    kernel, rows = make_kernel(num_sources), random_rows(9, num_sources)
    torch.testing.assert_close(kernel.forward(rows, rows, diag=True), kernel.forward(rows, rows).diagonal())
    others = random_rows(9, num_sources, seed=1)
    torch.testing.assert_close(kernel.forward(rows, others, diag=True), kernel.forward(rows, others).diagonal())


@pytest.mark.parametrize("num_sources", [1, 2])
@torch.no_grad()
def test_uncertain_sources_are_averaged_over(num_sources: int) -> None:
    kernel, rows = make_kernel(num_sources), random_rows(5, num_sources)
    x, mean, variance = rows[:, :2], rows[:, 2 : 2 + num_sources], rows[:, 2 + num_sources : -1]
    size = 20_000
    normals = torch.randn(size, *mean.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    normals[:, -1] = normals[:, -2]  # a row that is there twice has one value
    values = mean + variance.sqrt() * normals
    drawn = kernel.forward(*[make_rows(x.expand(size, -1, -1), values, torch.zeros_like(values))] * 2)
    error = drawn.std(0) / size**0.5
    gap = (kernel.forward(rows, rows) - drawn.mean(0)).abs()
    assert (gap <= 5.0 * error + 1e-10).all()


@torch.no_grad()
def test_an_uncertain_source_makes_rows_less_alike_and_no_row_less_variable() -> None:
    kernel = make_kernel(1, change=5e3)
    x, mean = torch.zeros(2, 2, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.float64)
    x[1] = 1e-3
    sure, unsure = (make_rows(x, mean, torch.full_like(mean, v)) for v in (0.0, 2.0))
    before, after = kernel.forward(sure, sure), kernel.forward(unsure, unsure)
    assert after[0, 1] < before[0, 1] - 0.3
    assert after[0, 0] >= before[0, 0]


@torch.no_grad()
def test_straight_and_the_same_everywhere_it_is_the_autoregression() -> None:
    weight, source, own = SLOPES[0].item(), input_kernel("matern52", 2), input_kernel("matern52", 2)
    source.lengthscale, own.lengthscale = 1.1, 0.8
    autoregression = AutoregressiveKernel([source, own], sources={1: [0]})
    autoregression.set_edges({(1, 0): weight})
    autoregression.set_row_effect(torch.zeros(2, dtype=torch.float64))
    autoregression.raw_scale.copy_(
        autoregression.raw_scale_constraint.inverse_transform(torch.tensor([1.4, OWN], dtype=torch.float64))
    )
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    low, high = (torch.cat([x, torch.full((6, 1), task, dtype=torch.float64)], dim=-1) for task in (0.0, 1.0))
    # The columns of a root of the source's covariance are values of it whose second moments are that covariance.
    columns = torch.linalg.cholesky(autoregression.forward(low, low)) * 6**0.5
    kernel = make_kernel(1, curve=0.0, change=5e3)
    found = [
        kernel.forward(*[make_rows(x, value.unsqueeze(-1), torch.zeros(6, 1, dtype=torch.float64))] * 2)
        for value in columns.T
    ]
    torch.testing.assert_close(torch.stack(found).mean(0), autoregression.forward(high, high), rtol=0, atol=1e-5)


def test_scales_stay_inside_their_bounds() -> None:
    kernel = make_kernel(1)
    kernel.set_scales(own=0.0, curve=1e6, slopes=torch.tensor([0.5]))
    assert kernel.scale.item() == pytest.approx(2e-4)
    assert kernel.relation.scale.tolist() == pytest.approx([50.0, 0.5])
