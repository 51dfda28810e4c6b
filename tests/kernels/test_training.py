from __future__ import annotations

import pytest
import torch
from gpytorch.kernels import Kernel, LinearKernel, PeriodicKernel, RBFKernel, RQKernel
from torch import Tensor

import mfgp.kernels.training as training
from mfgp.inference.evidence import log_evidence
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskEmbeddingKernel, TaskKernel, input_kernel

COUNTS = [11, 0, 7, 5]
TASKS = len(COUNTS)


def kernels(inner: str | Kernel) -> dict[str, TaskKernel]:
    def new() -> Kernel:
        return input_kernel(inner, 3)

    return {
        "two processes": CoregionalizationKernel([new(), new()], TASKS, 2),
        "chain": AutoregressiveKernel([new() for _ in COUNTS], {1: [0], 2: [1], 3: [2]}),
        "against the order": AutoregressiveKernel([new() for _ in COUNTS], {0: [3], 2: [0, 3]}),
        "independent": AutoregressiveKernel([new() for _ in COUNTS], {}),
        "embedding": TaskEmbeddingKernel(new(), TASKS, 2),
    }


def scatter(kernel: TaskKernel) -> TaskKernel:
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in kernel.parameters():
            parameter.add_(0.4 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return kernel


def sorted_data() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(sum(COUNTS), 3, generator=generator, dtype=torch.float64)
    x[3] = x[13]  # one input of two tasks
    x[5] = x[6]  # and one measured again
    return x, torch.repeat_interleave(torch.arange(TASKS), torch.tensor(COUNTS))


def gradients(kernel: TaskKernel, covariance: Tensor) -> list[Tensor]:
    """Gradients of a function of the symmetric matrix whose lower triangle is given."""
    n = len(covariance)
    g = torch.randn(n, n, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    g = g + g.T
    found = torch.autograd.grad(covariance, list(kernel.parameters()), grad_outputs=g, allow_unused=True)
    return [torch.zeros_like(p) if f is None else f for p, f in zip(kernel.parameters(), found, strict=True)]


@pytest.mark.parametrize("panel_rows", [1, 4, 5, 192])
@pytest.mark.parametrize("architecture", kernels("rbf"))
@pytest.mark.parametrize("name", ["matern12", "matern32", "matern52", "rbf"])
def test_it_is_the_kernel_and_its_gradient(
    monkeypatch: pytest.MonkeyPatch, name: str, architecture: str, panel_rows: int
) -> None:
    monkeypatch.setattr(training, "PANEL_ROWS", panel_rows)
    kernel, (x, task) = scatter(kernels(name)[architecture]), sorted_data()
    rows = torch.cat([x, task.unsqueeze(-1).double()], dim=-1)
    expected = kernel.forward(rows, rows)
    found = training.training_covariance(kernel, x, task)
    torch.testing.assert_close(found.tril(), expected.tril(), rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(gradients(kernel, found), gradients(kernel, expected), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


USERS = {"rq": RQKernel(), "linear": LinearKernel() * RBFKernel(), "periodic": PeriodicKernel(ard_num_dims=3)}


@pytest.mark.parametrize("architecture", kernels("rbf"))
@pytest.mark.parametrize("user", USERS)
def test_a_kernel_of_the_users_own_goes_through_autograd(user: str, architecture: str) -> None:
    kernel, (x, task) = scatter(kernels(USERS[user].double())[architecture]), sorted_data()
    rows = torch.cat([x, task.unsqueeze(-1).double()], dim=-1)
    found, expected = training.training_covariance(kernel, x, task), kernel.forward(rows, rows)
    torch.testing.assert_close(found.tril(), expected.tril(), rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(gradients(kernel, found), gradients(kernel, expected), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_one_lengthscale_for_all_inputs() -> None:
    kernel, (x, task) = scatter(kernels(RBFKernel().double())["two processes"]), sorted_data()
    rows = torch.cat([x, task.unsqueeze(-1).double()], dim=-1)
    found, expected = training.training_covariance(kernel, x, task), kernel.forward(rows, rows)
    torch.testing.assert_close(found.tril(), expected.tril(), rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(gradients(kernel, found), gradients(kernel, expected), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("architecture", kernels("rbf"))
def test_gradient_against_differences(monkeypatch: pytest.MonkeyPatch, architecture: str) -> None:
    monkeypatch.setattr(training, "PANEL_ROWS", 4)
    kernel, (x, task) = scatter(kernels("matern52")[architecture]), sorted_data()
    y, noise = torch.sin(x.sum(-1)), torch.full((len(x),), 0.5, dtype=torch.float64)

    def evidence() -> Tensor:
        return log_evidence(training.training_covariance(kernel, x, task), noise, y)[0]

    exact = torch.autograd.grad(evidence(), list(kernel.parameters()), allow_unused=True)
    for parameter, gradient in zip(kernel.parameters(), exact, strict=True):
        for entry in range(min(parameter.numel(), 3)):
            values = []
            for step in (1e-5, -2e-5, 1e-5):
                with torch.no_grad():
                    parameter.view(-1)[entry] += step
                values.append(evidence().item())
            slope = (values[0] - values[1]) / 2e-5
            assert slope == pytest.approx(
                0.0 if gradient is None else gradient.view(-1)[entry].item(), rel=1e-5, abs=1e-7
            )
