from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from gpytorch.kernels import Kernel, LinearKernel, PeriodicKernel, RBFKernel, RQKernel, ScaleKernel
from torch import Tensor

from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskEmbeddingKernel, TaskKernel, input_kernel

TASKS, INPUTS = 3, 2
Build = Callable[..., TaskKernel]


def coregionalization(inner: str | Kernel = "matern52", batch: tuple[int, ...] = ()) -> CoregionalizationKernel:
    shape = torch.Size(batch)
    return CoregionalizationKernel([input_kernel(inner, INPUTS, shape) for _ in range(2)], TASKS, 2, shape)


def autoregression(inner: str | Kernel = "matern52", batch: tuple[int, ...] = ()) -> AutoregressiveKernel:
    shape = torch.Size(batch)
    kernels = [input_kernel(inner, INPUTS, shape) for _ in range(TASKS)]
    return AutoregressiveKernel(kernels, {1: [0], 2: [0, 1]}, shape)


def embedding(inner: str | Kernel = "matern52", batch: tuple[int, ...] = ()) -> TaskEmbeddingKernel:
    return TaskEmbeddingKernel(input_kernel(inner, INPUTS, torch.Size(batch)), TASKS, 2, torch.Size(batch))


def scatter(kernel: TaskKernel, seed: int = 0) -> TaskKernel:
    """Give every parameter a value of its own."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in kernel.parameters():
            parameter.add_(0.4 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return kernel


def rows(*batch: int, n: int = 9, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(*batch, n, INPUTS, generator=generator, dtype=torch.float64)
    task = torch.randint(TASKS, (*batch, n, 1), generator=generator)
    return torch.cat([x, task.double()], dim=-1)


builders = pytest.mark.parametrize("build", [coregionalization, autoregression, embedding])


@builders
@pytest.mark.parametrize("name", ["matern12", "matern32", "matern52", "rbf"])
def test_it_is_symmetric_and_positive_semidefinite(build: Build, name: str) -> None:
    covariance = scatter(build(name))(rows(n=40)).to_dense()
    torch.testing.assert_close(covariance, covariance.T, rtol=1e-12, atol=1e-12)
    assert torch.linalg.eigvalsh(covariance).min() > -1e-9 * covariance.diagonal().max()


USERS = [RQKernel(), PeriodicKernel(), ScaleKernel(RBFKernel()), LinearKernel() + RBFKernel(active_dims=[0])]


@builders
@pytest.mark.parametrize("inner", ["matern32", "rbf", *USERS], ids=lambda inner: str(inner).split("(")[0])
def test_diag_is_the_diagonal(build: Build, inner: str | Kernel) -> None:
    inner = inner.double() if isinstance(inner, Kernel) else inner
    kernel, x = scatter(build(inner)), rows()
    torch.testing.assert_close(kernel(x, diag=True), kernel(x).to_dense().diagonal(), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(kernel(x).diagonal(), kernel(x).to_dense().diagonal(), rtol=1e-10, atol=1e-10)


@builders
@pytest.mark.parametrize("inner", ["matern52", RQKernel().double()], ids=["named", "user's own"])
def test_batches_of_inputs(build: Build, inner: str | Kernel) -> None:
    kernel, x1, x2 = scatter(build(inner)), rows(4, 2), rows(4, 2, n=5, seed=2)
    covariance = kernel(x1, x2).to_dense()
    assert covariance.shape == (4, 2, 9, 5)
    one_by_one = [[kernel(x1[i, j], x2[i, j]).to_dense() for j in range(2)] for i in range(4)]
    expected = torch.stack([torch.stack(row) for row in one_by_one])
    torch.testing.assert_close(covariance, expected, rtol=1e-10, atol=1e-10)
    broadcast = kernel(x1, x2[0, 0]).to_dense()
    torch.testing.assert_close(broadcast[1, 1], kernel(x1[1, 1], x2[0, 0]).to_dense(), rtol=1e-10, atol=1e-10)
    assert kernel(x1, diag=True).shape == (4, 2, 9)


@builders
@pytest.mark.parametrize("batch", [(2,), (3,), (4, 2)], ids=str)
@pytest.mark.parametrize("inner", ["matern52", "rbf"])
def test_batches_of_parameters(build: Build, batch: tuple[int, ...], inner: str) -> None:
    kernel, x = scatter(build(inner, batch)), rows()
    covariance = kernel(x).to_dense()
    assert covariance.shape == (*batch, 9, 9)
    torch.testing.assert_close(kernel(x, diag=True), covariance.diagonal(dim1=-1, dim2=-2), rtol=1e-10, atol=1e-10)
    assert kernel.task_covariance().shape == (*batch, TASKS, TASKS)
    last = tuple(size - 1 for size in batch)
    single = build(inner)
    values = {
        name: value[last] if value.shape[: len(batch)] == batch else value
        for name, value in kernel.state_dict().items()
    }
    single.load_state_dict(values)
    torch.testing.assert_close(covariance[last], single(x).to_dense(), rtol=1e-10, atol=1e-10)


@builders
def test_a_batch_of_inputs_meets_a_batch_of_parameters(build: Build) -> None:
    kernel, x = scatter(build("matern52", (2,))), rows(5, 1)
    covariance = kernel(x).to_dense()
    assert covariance.shape == (5, 2, 9, 9)
    torch.testing.assert_close(covariance[3], kernel(x[3, 0]).to_dense(), rtol=1e-10, atol=1e-10)


@builders
@pytest.mark.parametrize("inner", ["matern52", "matern32", "rbf", RQKernel().double()], ids=str)
def test_gradients_with_respect_to_inputs_and_parameters(build: Build, inner: str | Kernel) -> None:
    kernel, x = scatter(build(inner)), rows(n=4)
    inputs, task = x[:, :-1].clone().requires_grad_(), x[:, -1:]
    other = rows(n=3, seed=5)

    def covariance(inputs: Tensor, *values: Tensor) -> Tensor:
        names = [name for name, _ in kernel.named_parameters()]
        arguments = (torch.cat([inputs, task], dim=-1), other)
        return torch.func.functional_call(
            _Forward(kernel), {f"kernel.{n}": v for n, v in zip(names, values, strict=True)}, arguments
        )

    values = [parameter.detach().clone().requires_grad_() for parameter in kernel.parameters()]
    assert torch.autograd.gradcheck(covariance, (inputs, *values))


class _Forward(torch.nn.Module):
    def __init__(self, kernel: TaskKernel) -> None:
        super().__init__()
        self.kernel = kernel

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return self.kernel.forward(x1, x2)


@builders
@pytest.mark.parametrize("name", ["matern12", "matern52", "rbf"])
def test_task_covariance_is_the_covariance_at_one_input_without_the_means(build: Build, name: str) -> None:
    kernel = scatter(build(name))
    x = torch.cat([torch.full((TASKS, INPUTS), 0.3), torch.arange(TASKS).unsqueeze(-1)], dim=-1).double()
    expected = kernel(x).to_dense() - kernel.offsets()
    torch.testing.assert_close(kernel.task_covariance(), expected, rtol=1e-7, atol=1e-7)


@builders
def test_task_covariance_of_a_kernel_whose_variance_depends_on_the_input(build: Build) -> None:
    kernel = scatter(build(LinearKernel().double()))
    x = rows(n=2)[:, :-1]
    found = kernel.task_covariance(x)
    assert found.shape == (2, TASKS, TASKS)
    for place in range(2):
        here = torch.cat([x[place].expand(TASKS, -1), torch.arange(TASKS).double().unsqueeze(-1)], dim=-1)
        torch.testing.assert_close(found[place], kernel(here).to_dense() - kernel.offsets())


@builders
def test_a_gradient_at_one_point_is_finite(build: Build) -> None:
    kernel = scatter(build("matern12"))
    x = rows(n=1).expand(3, -1).clone().requires_grad_()
    kernel(x).to_dense().sum().backward()
    assert torch.isfinite(x.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in kernel.parameters())


def test_the_group_of_tasks_says_what_can_be_shared() -> None:
    assert len(set(coregionalization().groups().tolist())) == 1
    alone = CoregionalizationKernel([input_kernel("rbf", 1)], TASKS, 0)
    assert len(set(alone.groups().tolist())) == TASKS
    split = AutoregressiveKernel([input_kernel("rbf", 1) for _ in range(5)], {2: [0, 1], 4: [3]})
    labels = split.groups().tolist()
    assert labels[0] == labels[1] == labels[2] != labels[3] == labels[4]
    chain = AutoregressiveKernel([input_kernel("rbf", 1) for _ in range(3)], {0: [1], 1: [2]})
    assert len(set(chain.groups().tolist())) == 1
