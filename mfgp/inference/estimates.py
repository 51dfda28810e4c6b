"""What the data say of each task before any sharing: the raw material of the starts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.evidence import factorise
from mfgp.inference.level_starts import place_levels
from mfgp.inference.noise import TaskNoise
from mfgp.inference.objective import Objective
from mfgp.inference.optimizer import climb
from mfgp.inference.subsets import stratified_subset
from mfgp.kernels import CoregionalizationKernel
from mfgp.kernels.levels import plain
from mfgp.kernels.stationary import profile
from mfgp.kernels.training import training_covariance

SUBSET = 200
EVALUATIONS = 60
TOLERANCE = 1e-4


@dataclass(frozen=True)
class TaskEstimate:
    """A Gaussian process of one task alone, fitted on a subset of its observations.

    `kernel` and `noise` hold its parameters; `predict` gives its mean at other inputs.
    """

    kernel: CoregionalizationKernel
    noise: TaskNoise
    observations: Observations
    weights: Tensor

    @property
    def lengthscale(self) -> Tensor | None:
        """(1, d) lengthscales, None for a kernel whose lengthscales are not known to us."""
        inner = self.kernel.input_kernels[0]
        return None if profile(inner) is None else torch.as_tensor(plain(inner).lengthscale).detach()

    @property
    def scale(self) -> float:
        """Standard deviation of the process, typical of the observations."""
        with torch.no_grad():
            x = self.observations.x if len(self.observations) else None
            return self.kernel.task_covariance(x).mean().item() ** 0.5

    @torch.no_grad()
    def predict(self, x: Tensor) -> Tensor:
        """Posterior mean (n,) at inputs (n, d)."""
        task = torch.zeros(len(x), 1).to(x)
        known = torch.cat([self.observations.x, torch.zeros(len(self.observations), 1).to(x)], dim=-1)
        return self.kernel.forward(torch.cat([x, task], dim=-1), known) @ self.weights


def estimate_task(input_kernel: Kernel, observations: Observations) -> TaskEstimate:
    """Fit one task alone, given as the observations of task 0."""
    alone = stratified_subset(observations, SUBSET)
    kernel = CoregionalizationKernel([input_kernel], num_tasks=1, rank=0)
    kernel.set_task_covariance(torch.ones(1, 1))
    noise = TaskNoise(1, alone.task, alone.noise)
    kernel.to(alone.x.device)
    if not len(alone):
        return TaskEstimate(kernel, noise, alone, alone.y)
    place_levels(input_kernel, alone)
    climb(Objective(kernel, noise, alone), EVALUATIONS, TOLERANCE)
    with torch.no_grad():
        covariance = training_covariance(kernel, alone.x, alone.task)
        covariance.diagonal().add_(noise.variance(alone.task, alone.noise.square()))
        weights = torch.cholesky_solve(alone.y.unsqueeze(-1), factorise(covariance).lower).squeeze(-1)
    return TaskEstimate(kernel, noise, alone, weights)


def correlation(estimates: list[TaskEstimate], observations: list[Observations]) -> Tensor:
    """(T, T) correlations between tasks: each task's values against the other's predictions at the same inputs.

    Few values are shrunk towards zero.
    """
    count = len(estimates)
    total, weight = torch.eye(count, dtype=torch.float64), torch.eye(count, dtype=torch.float64)
    for a, estimate in enumerate(estimates):
        for b, target in enumerate(observations):
            if a != b and len(target) > 1:
                r = _correlate(estimate.predict(target.x), target.y)
                total[a, b] += r * len(target)
                total[b, a] += r * len(target)
                weight[a, b] += len(target) + 2.0
                weight[b, a] += len(target) + 2.0
    return total / weight.clamp_min(1.0)


def _correlate(a: Tensor, b: Tensor) -> float:
    a, b = a - a.mean(), b - b.mean()
    return (a @ b / (a.norm() * b.norm()).clamp_min(1e-300)).item()
