from __future__ import annotations

import pytest
import torch
from gpytorch.kernels import IndexKernel, MaternKernel, RBFKernel

from mfgp.kernels import CoregionalizationKernel, input_kernel


def build(
    tasks: int, rank: int, names: tuple[str, ...] = ("matern52", "rbf"), seed: int = 0
) -> CoregionalizationKernel:
    generator = torch.Generator().manual_seed(0)
    kernel = CoregionalizationKernel([input_kernel(name, 2) for name in names], tasks, rank)
    with torch.no_grad():
        kernel.loadings.copy_(torch.randn(kernel.loadings.shape, generator=generator))
        kernel.raw_specific.copy_(0.5 * torch.randn(kernel.raw_specific.shape, generator=generator))
        kernel.set_row_effect(torch.randn(tasks, generator=generator, dtype=torch.float64))
    return kernel


def some_rows(tasks: int, n: int = 12, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    task = torch.arange(n, dtype=torch.float64) % tasks
    x = torch.rand(n, 2, generator=generator, dtype=torch.float64)
    x[4:6] = x[:2]  # the same rows in other tasks
    return torch.cat([x, task.unsqueeze(-1)], dim=-1)


def row_effect(kernel: CoregionalizationKernel, x: torch.Tensor) -> torch.Tensor:
    """What tasks share at one row, whatever its inputs."""
    loading = kernel.row_loadings[x[:, -1].long()] if kernel.rank else torch.zeros(len(x)).double()
    return torch.outer(loading, loading) * (torch.cdist(x[:, :-1], x[:, :-1]) < 1e-6)


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_it_is_the_sum_over_processes(rank: int) -> None:
    kernel, x = build(3, rank), some_rows(3)
    task = x[:, -1].long()
    expected = kernel.offsets()[task][:, task] + row_effect(kernel, x)
    for q, inner in enumerate(kernel.input_kernels):
        b = kernel.loadings[q] @ kernel.loadings[q].T + torch.diag(kernel.specific[q] ** 2)
        expected = expected + b[task][:, task] * inner(x[:, :-1]).to_dense()
    torch.testing.assert_close(kernel(x).to_dense(), expected, rtol=1e-12, atol=1e-12)


def test_one_process_is_gpytorchs_index_kernel_times_the_input_kernel() -> None:
    kernel, x = build(3, 2, names=("matern52",)), some_rows(3)
    task = x[:, -1:].long()
    index = IndexKernel(num_tasks=3, rank=2).double()
    index.covar_factor.data = kernel.loadings[0].detach()
    index.var = kernel.specific[0].detach() ** 2
    matern = MaternKernel(nu=2.5, ard_num_dims=2).double()
    matern.lengthscale = kernel.input_kernels[0].lengthscale.detach()
    expected = index(task).to_dense() * matern(x[:, :-1]).to_dense()
    means = kernel.OFFSET_SCALE**2 * (task == task.T)
    torch.testing.assert_close(kernel(x).to_dense(), expected + means + row_effect(kernel, x), rtol=1e-12, atol=1e-12)


def test_rank_zero_shares_nothing() -> None:
    x = some_rows(3)
    apart = x[:, -1:] != x[:, -1:].T
    assert (build(3, 0)(x).to_dense()[apart] == 0.0).all()


def test_a_mirror_image_is_in_reach() -> None:
    kernel = build(2, 1, names=("rbf",))
    kernel.set_row_effect(torch.tensor([0.3, -0.3]))
    kernel.set_task_covariance(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    covariance = kernel.task_covariance()
    correlation = covariance[0, 1] / torch.sqrt(covariance[0, 0] * covariance[1, 1])
    assert correlation.item() == pytest.approx(-1.0, abs=1e-6)


def smooth_covariance(kernel: CoregionalizationKernel) -> torch.Tensor:
    """Covariance between the tasks without the row effect."""
    kernel.set_row_effect(torch.zeros(kernel.num_tasks))
    return kernel.task_covariance()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_covariance_that_the_rank_allows_is_set_exactly(processes: int) -> None:
    generator = torch.Generator().manual_seed(4)
    factor = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    covariance = factor @ factor.T
    kernel = build(3, 3, names=("rbf",) * processes)
    kernel.set_task_covariance(covariance)
    torch.testing.assert_close(smooth_covariance(kernel), covariance, rtol=1e-6, atol=1e-6)


def test_principal_factors_split_shared_from_specific() -> None:
    loading, specific = torch.tensor([1.0, -0.7, 0.5]).double(), torch.tensor([0.3, 0.5, 0.4]).double()
    covariance = torch.outer(loading, loading) + torch.diag(specific**2)
    kernel = build(3, 1, names=("rbf",))
    kernel.set_task_covariance(covariance)
    torch.testing.assert_close(smooth_covariance(kernel), covariance, rtol=1e-2, atol=1e-2)


def test_a_rank_too_low_keeps_the_variances() -> None:
    covariance = torch.tensor([[4.0, 1.0, 0.5], [1.0, 1.0, -0.2], [0.5, -0.2, 0.25]]).double()
    kernel = build(3, 0, names=("rbf",))
    kernel.set_task_covariance(covariance)
    torch.testing.assert_close(kernel.task_covariance(), torch.diag(covariance.diagonal()))


def test_the_input_kernels_are_those_given() -> None:
    inner = RBFKernel(ard_num_dims=2)
    assert CoregionalizationKernel([inner], 2, 1).input_kernels[0] is inner
