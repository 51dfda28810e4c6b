"""The exact posterior over (input, task), from one Cholesky factor kept for all predictions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.evidence import factorise
from mfgp.inference.noise import TaskNoise
from mfgp.inference.threads import one_thread
from mfgp.kernels.task_kernel import TaskKernel, correlate, identical
from mfgp.kernels.training import training_covariance

BLOCK_ENTRIES = 2**18


class Joint(NamedTuple):
    """Mean (n, T) and covariance (n, T, T) of all tasks at each of n rows, the rows apart from one another."""

    mean: Tensor
    covariance: Tensor


class _Part(NamedTuple):
    """A part of the covariance between all tasks at some inputs and the observations of one task.

    Task t at input b has covariance factor[t] correlation[b, i] with observation first + i.
    """

    first: int
    factor: Tensor
    correlation: Tensor


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

    Notes
    -----
    What a process contributes to the covariance of task t with the observations of task s differs from t to t by a
    factor only. So one triangular solution for each process and s serves all t, and it begins at the first row of s,
    above which there is nothing but zeros.
    """

    def __init__(self, kernel: TaskKernel, noise: TaskNoise, observations: Observations) -> None:
        self.kernel = kernel
        self.observations = observations
        with torch.no_grad(), one_thread():
            covariance = training_covariance(kernel, observations.x, observations.task)
            covariance.diagonal().add_(noise.variance(observations.task, observations.noise.square()))
            self.lower, self.jitter = factorise(covariance)
            self.weights = torch.cholesky_solve(observations.y.unsqueeze(-1), self.lower).squeeze(-1)
            self._rows = torch.cat([observations.x, observations.task.unsqueeze(-1).to(observations.x)], dim=-1)
            self._processes, self._row_effect = kernel.processes(), kernel.row_effect()
            offsets = kernel.offsets()[:, observations.task]
            self._offset_means = offsets @ self.weights
            self._offset_solution = torch.linalg.solve_triangular(self.lower, offsets.T, upper=False).T
            counts = observations.counts(kernel.num_tasks).tolist()
            self._spans = [(sum(counts[:task]), sum(counts[: task + 1])) for task in range(kernel.num_tasks)]

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., q) and covariance (..., q, q) of rows (..., q, d + 1) whose last column is the task.

        Differentiable in the rows' inputs.
        """
        cross = self.kernel.forward(rows, self._rows)
        mean = cross @ self.weights
        half = torch.linalg.solve_triangular(self.lower, cross.flatten(0, -2).T, upper=False).T.reshape(cross.shape)
        return mean, self.kernel.forward(rows, rows) - half @ half.mT

    @torch.no_grad()
    def joint(self, x: Tensor) -> Joint:
        """Every task at each of the inputs (n, d), in blocks of bounded memory."""
        count, tasks = len(x), self.kernel.num_tasks
        mean, covariance = x.new_empty(count, tasks), x.new_empty(count, tasks, tasks)
        with one_thread():
            for start in range(0, count, self._block):
                here = slice(start, start + self._block)
                prior = self.kernel.task_covariance(x[here]) + self.kernel.offsets()
                mean[here], half = self._halves(x[here])
                covariance[here] = prior - torch.einsum("tnb,snb->bts", half, half)
        return Joint(mean, covariance)

    @torch.no_grad()
    def mean(self, x: Tensor) -> Tensor:
        """Mean (n, T) of every task at each of the inputs (n, d)."""
        with one_thread():
            blocks = [self._mean(list(self._parts(part)), len(part)) for part in x.split(self._block)]
        return torch.cat(blocks) if blocks else x.new_empty(0, self.kernel.num_tasks)

    @property
    def _block(self) -> int:
        """How many inputs are worked on at once."""
        return max(1, BLOCK_ENTRIES // max(len(self.observations), 1))

    def _mean(self, parts: list[_Part], count: int) -> Tensor:
        mean = self._offset_means.expand(count, -1).clone()
        for first, factor, correlation in parts:
            weights = self.weights[first : first + correlation.shape[1]]
            mean.addr_(correlation @ weights, factor)
        return mean

    def _halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (b, T) at inputs (b, d), and L^-1 of the covariance with the observations, (T, N, b)."""
        parts = list(self._parts(x))
        half = self._offset_solution.unsqueeze(-1).repeat(1, 1, len(x))
        for first, factor, correlation in parts:
            below = correlation.new_zeros(len(self.weights) - first, len(x))
            below[: correlation.shape[1]] = correlation.T
            solution = torch.linalg.solve_triangular(self.lower[first:, first:], below, upper=False)
            for task, value in enumerate(factor.tolist()):
                if value != 0.0:
                    half[task, first:].add_(solution, alpha=value)
        return self._mean(parts, len(x)), half

    def _parts(self, x: Tensor) -> Iterator[_Part]:
        """What the covariance of all tasks at inputs (b, d) with the observations consists of, the offsets left out."""
        known = self.observations.x
        alone = torch.eye(self.kernel.num_tasks).to(x)
        for process in self._processes:
            for task, (first, stop) in enumerate(self._spans):
                if first == stop or (process.support is not None and not process.support[task]):
                    continue
                factor, inputs = process.amplitude[:, task], known[first:stop]
                if process.distance is None:
                    yield _Part(first, factor, correlate(process.kernel, x, inputs, None))
                    continue
                for other, gap in enumerate(process.distance[:, task]):
                    yield _Part(first, factor * alone[other], correlate(process.kernel, x, inputs, gap))
        if self._row_effect is not None:
            for task, (first, stop) in enumerate(self._spans):
                same = identical(x, known[first:stop])
                if bool(same.any()):
                    yield _Part(first, self._row_effect[:, task], same.to(x))
