"""The exact posterior over (input, task), from one Cholesky factor kept for all predictions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.evidence import factorise
from mfgp.inference.noise import TaskNoise
from mfgp.kernels.task_kernel import TaskKernel, correlate, identical
from mfgp.kernels.training import training_covariance

BLOCK_BYTES = 64 * 2**20


class Joint(NamedTuple):
    """Mean (n, T) and covariance (n, T, T) of all tasks at each of n rows, the rows apart from one another."""

    mean: Tensor
    covariance: Tensor


class ExactPosterior:
    """Posterior of a TaskKernel's process, given observations, at the current parameters.

    Rasmussen & Williams (2006), equations 2.25 and 2.26.

    Parameters
    ----------
    kernel, noise
        The prior; read once.
    observations
        Standardised observations, sorted by task.

    Raises
    ------
    NumericsError
        The covariance of the observations cannot be factorised.
    """

    def __init__(self, kernel: TaskKernel, noise: TaskNoise, observations: Observations) -> None:
        self.kernel = kernel
        self.observations = observations
        with torch.no_grad():
            covariance = training_covariance(kernel, observations.x, observations.task)
            covariance.diagonal().add_(noise.variance(observations.task, observations.noise.square()))
            self.lower, self.jitter = factorise(covariance)
            self.weights = torch.cholesky_solve(observations.y.unsqueeze(-1), self.lower).squeeze(-1)
            self._rows = torch.cat([observations.x, observations.task.unsqueeze(-1).to(observations.x)], dim=-1)

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., q) and covariance (..., q, q) of rows (..., q, d + 1) whose last column is the task.

        Differentiable in the rows' inputs.
        """
        cross = self.kernel.forward(rows, self._rows)
        mean = cross @ self.weights
        half = torch.linalg.solve_triangular(self.lower, cross.transpose(-1, -2), upper=False)
        covariance = self.kernel.forward(rows, rows) - half.transpose(-1, -2) @ half
        return mean, covariance

    @torch.no_grad()
    def joint(self, x: Tensor) -> Joint:
        """Every task at each of the inputs (n, d), in blocks of bounded memory."""
        count, tasks = len(x), self.kernel.num_tasks
        mean, covariance = x.new_empty(count, tasks), x.new_empty(count, tasks, tasks)
        block = max(1, BLOCK_BYTES // (8 * tasks * max(len(self.observations), 1)))
        for start in range(0, count, block):
            here = slice(start, start + block)
            cross = self._cross(x[here])
            mean[here] = (cross @ self.weights).T
            half = torch.linalg.solve_triangular(self.lower, cross.flatten(0, 1).T, upper=False)
            half = half.T.reshape(cross.shape)
            prior = self.kernel.task_covariance(x[here]) + self.kernel.offsets()
            covariance[here] = prior - torch.einsum("tbn,sbn->bts", half, half)
        return Joint(mean, covariance)

    @torch.no_grad()
    def mean(self, x: Tensor) -> Tensor:
        """Mean (n, T) of every task at each of the inputs (n, d)."""
        block = max(1, BLOCK_BYTES // (8 * self.kernel.num_tasks * max(len(self.observations), 1)))
        blocks = [(self._cross(part) @ self.weights).T for part in x.split(block)]
        return torch.cat(blocks) if blocks else x.new_empty(0, self.kernel.num_tasks)

    def _cross(self, x: Tensor) -> Tensor:
        """Covariance (T, b, N) of every task at the inputs (b, d) with the observations."""
        task = self.observations.task
        total = self.kernel.offsets()[:, task].unsqueeze(1).expand(-1, len(x), -1)
        for process in self.kernel.processes():
            amplitude = process.amplitude[:, task].unsqueeze(1)
            if process.distance is None:
                total = total + amplitude * correlate(process.kernel, x, self.observations.x, None)
            else:
                gaps = process.distance[:, task].unsqueeze(1)
                total = total + amplitude * correlate(process.kernel, x, self.observations.x, gaps)
        rows = self.kernel.row_effect()
        if rows is not None:
            total = total + rows[:, task].unsqueeze(1) * identical(x, self.observations.x)
        return total
