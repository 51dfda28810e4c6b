from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from gpytorch.kernels import Kernel, LinearKernel, RQKernel, ScaleKernel
from torch import Tensor

import mfgp.inference.posterior as module
from mfgp.data import Observations
from mfgp.errors import NumericsError
from mfgp.inference import ExactPosterior, TaskNoise
from mfgp.kernels import CoregionalizationKernel, TaskEmbeddingKernel, TaskKernel, input_kernel


def posterior(kernel: TaskKernel, data: Observations) -> ExactPosterior:
    return ExactPosterior(kernel, TaskNoise(kernel.num_tasks, data.task, data.noise), data)


def with_task(x: Tensor, task: int) -> Tensor:
    return torch.cat([x, torch.full((len(x), 1), float(task)).to(x)], dim=-1)


def some_inputs(n: int = 7) -> Tensor:
    return torch.rand(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_it_is_the_conditional_of_the_joint_normal(kernel: TaskKernel, observations: Observations) -> None:
    found = posterior(kernel, observations)
    known = torch.cat([observations.x, observations.task.unsqueeze(-1).double()], dim=-1)
    new = torch.cat([with_task(some_inputs(), 0), with_task(some_inputs(), 1)])
    noise = TaskNoise(2, observations.task).scale[observations.task] ** 2
    gain = torch.linalg.solve(kernel(known).to_dense() + torch.diag(noise), kernel(known, new).to_dense()).T
    mean, covariance = found.at(new)
    torch.testing.assert_close(mean, gain @ observations.y, rtol=1e-9, atol=1e-9)
    expected = kernel(new).to_dense() - gain @ kernel(known, new).to_dense()
    torch.testing.assert_close(covariance, expected, rtol=1e-9, atol=1e-9)


USERS = [RQKernel(), ScaleKernel(RQKernel()), LinearKernel() + RQKernel(active_dims=[1])]


@pytest.mark.parametrize("inner", ["matern12", "rbf", *USERS], ids=lambda inner: str(inner).split("(")[0])
@pytest.mark.parametrize("architecture", ["coregionalization", "embedding"])
def test_every_task_at_an_input_is_the_same_by_both_ways(
    observations: Observations, inner: str | Kernel, architecture: str
) -> None:
    own = input_kernel(inner.double() if isinstance(inner, Kernel) else inner, 2)
    if isinstance(own, ScaleKernel):
        own.outputscale = 3.0
    kernel = (
        CoregionalizationKernel([own], 2, 1) if architecture == "coregionalization" else TaskEmbeddingKernel(own, 2, 2)
    )
    found = posterior(kernel, observations)
    joint = found.joint(some_inputs())
    for row, x in enumerate(some_inputs()):
        mean, covariance = found.at(torch.stack([torch.cat([x, torch.tensor([float(t)]).double()]) for t in range(2)]))
        torch.testing.assert_close(joint.mean[row], mean, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(joint.covariance[row], covariance, rtol=1e-9, atol=1e-9)


def test_blocks_do_not_show(kernel: TaskKernel, observations: Observations, monkeypatch: pytest.MonkeyPatch) -> None:
    found = posterior(kernel, observations)
    whole, means = found.joint(some_inputs(50)), found.mean(some_inputs(50))
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 3 * len(observations))
    blocked = found.joint(some_inputs(50))
    torch.testing.assert_close(blocked.mean, whole.mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(blocked.covariance, whole.covariance, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.mean(some_inputs(50)), means, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(means, whole.mean, rtol=1e-12, atol=1e-12)


def test_blocks_are_of_bounded_memory(
    kernel: TaskKernel, observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = posterior(kernel, observations)
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 3 * len(observations))
    sizes = []
    parts = found._parts

    def watched(x: Tensor) -> Iterator[object]:
        sizes.append(len(x))
        return parts(x)

    monkeypatch.setattr(found, "_parts", watched)
    found.joint(some_inputs(50))
    found.mean(some_inputs(50))
    assert max(sizes) <= 3
    assert sum(sizes) == 100


def test_no_row_at_all(kernel: TaskKernel, observations: Observations) -> None:
    found = posterior(kernel, observations)
    assert found.joint(some_inputs(0)).covariance.shape == (0, 2, 2)
    assert found.mean(some_inputs(0)).shape == (0, 2)


def test_the_mean_is_differentiable_in_the_inputs(kernel: TaskKernel, observations: Observations) -> None:
    found = posterior(kernel, observations)
    x = some_inputs(3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: found.at(with_task(x, 1)), x)


def test_a_jitter_is_kept_and_reported(observations: Observations) -> None:
    twice = observations.take(torch.cat([torch.arange(len(observations))] * 2).sort().values)
    exact = Observations(twice.x, twice.task, twice.y, torch.zeros_like(twice.y), twice.row)
    kernel = CoregionalizationKernel([input_kernel("matern12", 2)], 2, 1)
    assert posterior(kernel, exact).jitter > 0.0
    assert posterior(kernel, observations).jitter == 0.0


def test_a_covariance_that_is_not_finite(observations: Observations) -> None:
    kernel = CoregionalizationKernel([input_kernel("rbf", 2)], 2, 1)
    with torch.no_grad():
        kernel.loadings.fill_(torch.nan)
    with pytest.raises(NumericsError, match="holds values that are not finite"):
        posterior(kernel, observations)


def test_adding_observations_is_conditioning_on_all(kernel: TaskKernel, observations: Observations) -> None:
    """In whatever order they come, and however many at once."""
    noise = TaskNoise(2, observations.task, observations.noise)
    whole = posterior(kernel, observations)
    grown = posterior(kernel, observations.take(observations.row < 9))
    for rows in (observations.row == 15, (observations.row >= 9) & (observations.row != 15)):
        grown = grown.extended(observations.take(rows), noise)
    new = torch.cat([with_task(some_inputs(), 0), with_task(some_inputs(), 1)])
    for found, expected in zip(grown.at(new), whole.at(new), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    for found, expected in zip(grown.joint(some_inputs()), whole.joint(some_inputs()), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(grown.mean(some_inputs()), whole.mean(some_inputs()), rtol=1e-9, atol=1e-9)


def test_adding_exact_values_again_takes_a_jitter(kernel: TaskKernel, observations: Observations) -> None:
    exact = Observations(
        *(getattr(observations, name) for name in ("x", "task", "y")), 0.0 * observations.x[:, 0], observations.row
    )
    noise = TaskNoise(2, exact.task, exact.noise)
    before = ExactPosterior(kernel, noise, exact)
    after = before.extended(exact, noise)
    assert after.jitter > before.jitter
    torch.testing.assert_close(after.mean(some_inputs()), before.mean(some_inputs()), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("levels", [False, True], ids=["numbers", "levels"])
@pytest.mark.parametrize("width", [1, 3])
def test_gradients_by_inputs_are_those_of_the_graph(
    kernel: TaskKernel, observations: Observations, width: int, levels: bool
) -> None:
    """The closed form against autograd through the kernel and the solution."""
    kernel.set_row_effect(torch.tensor([0.3, -0.2]).double())
    if levels:
        coded = (observations.x[:, 0] > 0.0).double()
        observations = replace(observations, x=torch.cat([observations.x, coded.unsqueeze(-1)], dim=-1))
        kernel = CoregionalizationKernel([input_kernel("matern52", 3)], 2, 2)
        kernel.embed_levels(3, {2: 2})
    found = posterior(kernel, observations)
    x = torch.rand(4, width, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    if levels:
        x = torch.cat([x, torch.tensor([0.0, 1.0, 0.0, 5.0]).double().view(4, 1, 1).expand(4, width, 1)], dim=-1)
    x[0, 0] = observations.x[0]  # at an observation, where the row effect acts
    rows = torch.cat([x, torch.arange(width).double().remainder(2).expand(4, width).unsqueeze(-1)], dim=-1)

    def by_graph(rows: Tensor) -> tuple[Tensor, Tensor]:
        known = torch.cat([observations.x, observations.task.unsqueeze(-1).double()], dim=-1)
        cross = kernel.forward(rows, known)
        half = torch.linalg.solve_triangular(found.lower, cross.mT, upper=False)
        return cross @ found.weights, kernel.forward(rows, rows) - half.mT @ half

    results = []
    for function in (found.at, by_graph):
        leaf = rows.clone().requires_grad_(True)
        mean, covariance = function(leaf)
        weights = torch.linspace(0.5, 2.0, covariance.numel(), dtype=torch.float64).view(covariance.shape)
        loss = mean.sin().sum() + (covariance * weights).sum()
        results.append((mean, covariance, torch.autograd.grad(loss, leaf)[0]))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("shape", [(0, 3), (0, 1, 3), (2, 0, 3), (40, 2, 3), (3, 5, 1, 3)])
def test_rows_without_a_gradient_are_worked_on_in_blocks(
    kernel: TaskKernel, observations: Observations, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    """None of them is none, and the blocks do not show."""
    found = posterior(kernel, observations)
    rows = torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    rows[..., -1] = rows[..., -1].round()
    whole = found.at(rows)
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 7 * len(observations))
    blocked = found.at(rows)
    assert blocked[0].shape == shape[:-1]
    assert blocked[1].shape == (*shape[:-1], shape[-2])
    for ours, theirs in zip(blocked, whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
