from __future__ import annotations

import pytest
import torch
from gpytorch.kernels import Kernel, LinearKernel, PeriodicKernel, RBFKernel, RQKernel
from torch import Tensor

import mfgp.kernels.training as training
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


def by_covariance() -> Tensor:
    """Derivatives of some function of the symmetric covariance by its entries."""
    n = sum(COUNTS)
    g = torch.randn(n, n, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return g + g.T


def by_autograd(kernel: TaskKernel, covariance: Tensor) -> dict[str, Tensor]:
    names = dict(kernel.named_parameters())
    found = torch.autograd.grad(covariance, list(names.values()), grad_outputs=by_covariance(), allow_unused=True)
    return {n: torch.zeros_like(p) if f is None else f for (n, p), f in zip(names.items(), found, strict=True)}


def by_hand(kernel: TaskKernel, x: Tensor, task: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    with torch.no_grad():
        covariance = training.TrainingCovariance(x, task, TASKS)
        processes = kernel.processes()
        filled = covariance.fill(processes, kernel.offsets(), kernel.row_effect())
        found = {id(p): g for p, g in kernel.pull_back(covariance.gradient(processes, by_covariance()))}
    return filled, {name: found.pop(id(p)).reshape(p.shape) for name, p in kernel.named_parameters()}


@pytest.mark.parametrize("entries", [1, 40, 100, 2**17])
@pytest.mark.parametrize("architecture", kernels("rbf"))
@pytest.mark.parametrize("name", ["matern12", "matern32", "matern52", "rbf"])
def test_it_is_the_kernel_and_its_gradient(
    monkeypatch: pytest.MonkeyPatch, name: str, architecture: str, entries: int
) -> None:
    monkeypatch.setattr(training, "PANEL_ENTRIES", entries)
    monkeypatch.setattr(training, "LEAST_PANEL_ROWS", 1)
    kernel, (x, task) = scatter(kernels(name)[architecture]), sorted_data()
    rows = torch.cat([x, task.unsqueeze(-1).double()], dim=-1)
    expected = kernel.forward(rows, rows)
    found, slopes = by_hand(kernel, x, task)
    torch.testing.assert_close(found.tril(), expected.tril(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(slopes, by_autograd(kernel, expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("entries", [1, 30, 2**17])
@pytest.mark.parametrize("counts", [[5], [0, 3], [7, 0, 1], [1] * 9, [2, 30, 1, 1, 4]])
def test_panels_are_all_rows_in_order(monkeypatch: pytest.MonkeyPatch, counts: list[int], entries: int) -> None:
    monkeypatch.setattr(training, "PANEL_ENTRIES", entries)
    monkeypatch.setattr(training, "LEAST_PANEL_ROWS", 2)
    task = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)).tolist()
    panels = training.TrainingCovariance(torch.zeros(len(task), 1), torch.tensor(task), len(counts)).panels
    assert [row for panel in panels for row in range(panel.start, panel.stop)] == list(range(len(task)))
    for panel in panels:
        assert set(task[panel.start : panel.stop]) == {panel.task} or panel.task is None


USERS = {"rq": RQKernel(), "linear": LinearKernel() * RBFKernel(), "periodic": PeriodicKernel(ard_num_dims=3)}


@pytest.mark.parametrize("architecture", kernels("rbf"))
@pytest.mark.parametrize("user", USERS)
def test_a_kernel_of_the_users_own_is_what_it_is(user: str, architecture: str) -> None:
    kernel, (x, task) = scatter(kernels(USERS[user].double())[architecture]), sorted_data()
    rows = torch.cat([x, task.unsqueeze(-1).double()], dim=-1)
    found, expected = training.training_covariance(kernel, x, task), kernel.forward(rows, rows)
    torch.testing.assert_close(found.tril(), expected.detach().tril(), rtol=1e-12, atol=1e-12)


def test_one_lengthscale_for_all_inputs() -> None:
    kernel, (x, task) = scatter(kernels(RBFKernel().double())["two processes"]), sorted_data()
    rows = torch.cat([x, task.unsqueeze(-1).double()], dim=-1)
    found, expected = training.training_covariance(kernel, x, task), kernel.forward(rows, rows)
    torch.testing.assert_close(found.tril(), expected.detach().tril(), rtol=1e-12, atol=1e-12)


def test_what_the_gradient_needs_is_kept_until_the_next_fill_only() -> None:
    kernel, (x, task) = scatter(kernels("rbf")["chain"]), sorted_data()
    first, second = by_hand(kernel, x, task), by_hand(kernel, x, task)
    torch.testing.assert_close(first[1], second[1], rtol=0, atol=0)
