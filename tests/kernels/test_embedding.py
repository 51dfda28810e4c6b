from __future__ import annotations

import pytest
import torch
from gpytorch.kernels import Kernel, LinearKernel, MaternKernel, PeriodicKernel, RBFKernel

from mfgp.kernels import CoregionalizationKernel, TaskEmbeddingKernel, input_kernel

POSITIONS = torch.tensor([[0.0, 0.0], [0.4, -0.3], [1.0, 0.8]], dtype=torch.float64)
AMPLITUDE = torch.tensor([1.2, -0.7, 0.9], dtype=torch.float64)
B = torch.outer(AMPLITUDE, AMPLITUDE) * torch.exp(-0.5 * torch.cdist(POSITIONS, POSITIONS) ** 2)


def build(inner: Kernel | str) -> TaskEmbeddingKernel:
    kernel = TaskEmbeddingKernel(input_kernel(inner, 2), num_tasks=3, dimension=2)
    kernel.set_embedding(POSITIONS, AMPLITUDE)
    return kernel


def some_rows(n: int = 12) -> torch.Tensor:
    x = torch.rand(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.cat([x, (torch.arange(n) % 3).double().unsqueeze(-1)], dim=-1)


def test_with_an_rbf_kernel_it_is_coregionalization() -> None:
    kernel, x = build("rbf"), some_rows()
    same = CoregionalizationKernel([input_kernel("rbf", 2)], num_tasks=3, rank=3)
    values, vectors = torch.linalg.eigh(B)
    with torch.no_grad():
        same.loadings.copy_((vectors * values.sqrt()).unsqueeze(0))
    specific = torch.diag_embed(same.specific[0] ** 2)[x[:, -1].long()][:, x[:, -1].long()]
    expected = same(x).to_dense() - specific * same.input_kernels[0](x[:, :-1]).to_dense()
    torch.testing.assert_close(kernel(x).to_dense(), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(kernel.task_covariance(), B)


@pytest.mark.parametrize("nu", [0.5, 1.5, 2.5])
def test_the_positions_are_inputs_like_the_others(nu: float) -> None:
    kernel, x = build(f"matern{int(2 * nu)}2"), some_rows()
    task = x[:, -1].long()
    augmented = torch.cat([x[:, :-1] / kernel.input_kernels[0].lengthscale, POSITIONS[task]], dim=-1)
    matern = MaternKernel(nu=nu).double()
    matern.lengthscale = 1.0
    expected = AMPLITUDE[task].unsqueeze(-1) * AMPLITUDE[task] * matern(augmented).to_dense()
    expected = expected + kernel.offsets()[task][:, task]
    torch.testing.assert_close(kernel(x).to_dense(), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("inner", [LinearKernel(), PeriodicKernel(), RBFKernel(active_dims=[1])], ids=type)
def test_any_other_kernel_is_multiplied_by_an_rbf_of_the_positions(inner: Kernel) -> None:
    kernel, x = build(inner.double()), some_rows()
    task = x[:, -1].long()
    expected = B[task][:, task] * inner(x[:, :-1]).to_dense() + kernel.offsets()[task][:, task]
    torch.testing.assert_close(kernel(x).to_dense(), expected, rtol=1e-12, atol=1e-12)


def test_a_row_effect_is_shared_at_one_row() -> None:
    kernel, x = build("rbf"), some_rows()
    x[3:6, :-1] = x[:3, :-1]
    task, before = x[:, -1].long(), kernel(x).to_dense()
    loadings = torch.tensor([0.3, -0.2, 0.4], dtype=torch.float64)
    kernel.set_row_effect(loadings)
    same = torch.cdist(x[:, :-1], x[:, :-1]) < 1e-6
    expected = before + torch.outer(loadings, loadings)[task][:, task] * same
    torch.testing.assert_close(kernel(x).to_dense(), expected, rtol=1e-12, atol=1e-12)


def test_a_mirror_image_is_in_reach() -> None:
    kernel = build("matern52")
    kernel.set_embedding(torch.zeros(3, 2), torch.tensor([1.0, -1.0, 1.0]))
    torch.testing.assert_close(kernel.task_covariance(), torch.tensor([[1.0, -1, 1], [-1, 1, -1], [1, -1, 1]]).double())


def test_rotating_and_shifting_the_positions_changes_nothing() -> None:
    kernel, x = build("matern32"), some_rows()
    before = kernel(x).to_dense()
    kernel.set_embedding(POSITIONS @ torch.tensor([[0.6, 0.8], [-0.8, 0.6]], dtype=torch.float64) + 3.0, AMPLITUDE)
    torch.testing.assert_close(kernel(x).to_dense(), before, rtol=1e-12, atol=1e-12)
