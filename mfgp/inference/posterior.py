"""The exact posterior over (input, task), from one Cholesky factor kept for all predictions."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mfgp.data.observations import Observations
from mfgp.errors import NumericsError
from mfgp.inference.evidence import factorise
from mfgp.inference.noise import TaskNoise
from mfgp.inference.rounding import above_rounding
from mfgp.inference.threads import one_thread
from mfgp.inference.triangular import solve_lower
from mfgp.kernels.cross import CrossCovariance
from mfgp.kernels.task_kernel import TaskKernel, correlate, identical
from mfgp.kernels.training import has_profiles, training_covariance

BLOCK_ENTRIES = 2**19


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
        The prior, whose parameters must not change while the posterior is used.
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
        with torch.no_grad(), one_thread():
            covariance = training_covariance(kernel, observations.x, observations.task)
            variance = noise.variance(observations.task, observations.noise.square())
            covariance.diagonal().add_(variance)
            lower, jitter = factorise(covariance)
        self._keep(deepcopy(kernel).requires_grad_(False), observations, variance, lower, jitter)

    @classmethod
    def of_factor(
        cls,
        kernel: TaskKernel,
        observations: Observations,
        noise_variance: Tensor,
        lower: Tensor,
        jitter: float,
        weights: Tensor | None = None,
    ) -> ExactPosterior:
        """The posterior from a factor that is known already.

        Parameters
        ----------
        kernel
            The prior, which is kept as it is.
        observations
            N standardised observations, in the order of the factor's rows.
        noise_variance
            (N,) variance of each observation's noise.
        lower, jitter
            Cholesky factor (N, N) of their covariance, and the relative jitter that it took.
        weights
            (N,) inverse covariance times the values; None to compute them from the values.
        """
        posterior = object.__new__(cls)
        posterior._keep(kernel, observations, noise_variance, lower, jitter, weights)
        return posterior

    def _keep(
        self,
        kernel: TaskKernel,
        observations: Observations,
        noise_variance: Tensor,
        lower: Tensor,
        jitter: float,
        weights: Tensor | None = None,
    ) -> None:
        """Keep a factor, and what follows from it."""
        self.kernel, self.observations, self.noise_variance = kernel, observations, noise_variance
        self.lower, self.jitter = lower, jitter
        with torch.no_grad(), one_thread():
            solved = (
                torch.cholesky_solve(observations.y.unsqueeze(-1), lower).squeeze(-1) if weights is None else weights
            )
            self.weights = solved
            self._processes, self._row_effect = kernel.processes(), kernel.row_effect()
            offsets = kernel.offsets()
            self._offset_means = offsets[:, observations.task] @ self.weights
            self._offset_solution = torch.linalg.solve_triangular(lower, offsets[:, observations.task].T, upper=False).T
            known = observations.x, observations.task
            self._cross = (
                CrossCovariance(self._processes, offsets, self._row_effect, *known)
                if has_profiles(self._processes)
                else None
            )
        self._spans = list(_spans(observations.task.tolist()))

    @torch.no_grad()
    def extended(self, more: Observations, noise: TaskNoise) -> ExactPosterior:
        """The posterior with observations added: the factor grows by their rows.

        Parameters
        ----------
        more
            Standardised observations in any order.
        noise
            The likelihood, at the parameters that this posterior was made with.

        Raises
        ------
        NumericsError
            The covariance of all observations cannot be factorised.
        """
        together = self.observations.followed_by(more)
        with one_thread():
            rows = _rows(more)
            cross = self.kernel.forward(rows, _rows(self.observations))
            below = solve_lower(self.lower, cross)
            corner = self.kernel.forward(rows, rows) - below @ below.T
            variance = noise.variance(more.task, more.noise.square())
            corner.diagonal().add_(variance)
            try:
                added = factorise(corner)
            except NumericsError:
                return ExactPosterior(self.kernel, noise, together.take(torch.argsort(together.task, stable=True)))
            before, after = len(self.lower), len(self.lower) + len(rows)
            lower = self.lower.new_zeros(after, after)
            lower[:before, :before] = self.lower
            lower[before:, :before] = below
            lower[before:, before:] = added.lower
        variances = torch.cat([self.noise_variance, variance])
        level = lower.square().sum(1).mean()  # the mean variance, which a jitter is relative to
        jitter = max(self.jitter, added.jitter * (corner.diagonal().mean() / level).item())
        return ExactPosterior.of_factor(self.kernel, together, variances, lower, jitter)

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., q) and covariance (..., q, q) of rows (..., q, d + 1) whose last column is the task.

        Differentiable in the rows' inputs, once where all input kernels are plain ones. Where no gradient is wanted,
        batches are worked on in blocks.
        """
        width = rows.shape[-2]
        batches = rows.unsqueeze(0) if rows.dim() == 2 else rows.flatten(0, -3)
        block = max(1, self._block // max(width, 1))
        parts = [batches] if rows.requires_grad else batches.split(block)
        with one_thread():
            found = [self._at(part) for part in parts]
        mean, covariance = (torch.cat(several) for several in zip(*found, strict=True))
        return mean.view(rows.shape[:-1]), covariance.view(*rows.shape[:-1], width)

    def _at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The same for batches of one dimension, at once."""
        alone = rows.shape[-2] == 1
        prior = self.kernel.forward(rows, rows, diag=alone)
        prior = prior.unsqueeze(-1) if alone else prior
        if self._cross is not None:
            mean, explained = _AtRows.apply(rows[..., :-1].to(prior), rows[..., -1].long(), self)
            return mean, prior - explained
        cross = self.kernel.forward(rows, _rows(self.observations))
        half = torch.linalg.solve_triangular(self.lower, cross.flatten(0, -2).T, upper=False).T.reshape(cross.shape)
        return cross @ self.weights, prior - half @ half.mT

    def along(self, x: Tensor) -> Joint:
        """Every task at each of the inputs (n, d), differentiable in them."""
        rows = every_task(x, self.kernel.num_tasks)
        if self._cross is None:
            return Joint(*self.at(rows))
        mean, explained = _AtRows.apply(rows[..., :-1].to(self.prior), rows[..., -1].long(), self)
        return Joint(mean, self.prior - explained)

    @cached_property
    def prior(self) -> Tensor:
        """(T, T) prior covariance of all tasks at one input: the same at any, where all input kernels are plain."""
        with torch.no_grad():
            return self.kernel.task_covariance() + self.kernel.offsets()

    @torch.no_grad()
    def joint(self, x: Tensor) -> Joint:
        """Every task at each of the inputs (n, d), in blocks of bounded memory."""
        count, tasks = len(x), self.kernel.num_tasks
        mean, covariance = x.new_empty(count, tasks), x.new_empty(count, tasks, tasks)
        with one_thread():
            for start in range(0, count, self._block):
                here = slice(start, start + self._block)
                prior = self.kernel.task_covariance(x[here]) + self.kernel.offsets()
                mean[here], half = self.halves(x[here])
                covariance[here] = above_rounding(prior, half @ half.mT)
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

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (b, T) at inputs (b, d), and L^-1 of the covariance with the observations, (b, T, N)."""
        parts = list(self._parts(x))
        half = self._offset_solution.repeat(len(x), 1, 1)
        for first, factor, correlation in parts:
            padding = len(self.weights) - first - correlation.shape[1]
            solution = solve_lower(self.lower[first:, first:], torch.nn.functional.pad(correlation, (0, padding)))
            for task, value in enumerate(factor.tolist()):
                if value != 0.0:
                    half[:, task, first:].add_(solution, alpha=value)
        return self._mean(parts, len(x)), half

    def _parts(self, x: Tensor) -> Iterator[_Part]:
        """What the covariance of all tasks at inputs (b, d) with the observations consists of, the offsets left out."""
        known = self.observations.x
        alone = torch.eye(self.kernel.num_tasks).to(x)
        for process in self._processes:
            for task, first, stop in self._spans:
                if process.support is not None and not process.support[task]:
                    continue
                factor, inputs = process.amplitude[:, task], known[first:stop]
                if process.distance is None:
                    yield _Part(first, factor, correlate(process.kernel, x, inputs, None))
                    continue
                for other, gap in enumerate(process.distance[:, task]):
                    yield _Part(first, factor * alone[other], correlate(process.kernel, x, inputs, gap))
        if self._row_effect is not None:
            for task, first, stop in self._spans:
                same = identical(x, known[first:stop])
                if bool(same.any()):
                    yield _Part(first, self._row_effect[:, task], same.to(x))


class _AtRows(torch.autograd.Function):
    """Mean (..., q) of rows, and what the observations explain (..., q, q) of their prior covariance."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, task: Tensor, posterior: ExactPosterior) -> tuple[Tensor, Tensor]:
        assert posterior._cross is not None
        with one_thread():
            flat = x.reshape(-1, x.shape[-1])
            cross, slopes = posterior._cross.at(flat, task.flatten())
            half = solve_lower(posterior.lower, cross).reshape(*x.shape[:-1], len(posterior.weights))
            ctx.posterior, ctx.slopes = posterior, slopes
            ctx.save_for_backward(x, half)
            return (cross @ posterior.weights).view(task.shape), half @ half.mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_mean: Tensor, by_explained: Tensor) -> tuple[Tensor, None, None]:
        x, half = ctx.saved_tensors
        posterior = ctx.posterior
        with one_thread():
            by_half = ((by_explained + by_explained.mT) @ half).reshape(-1, half.shape[-1])
            by_cross = solve_lower(posterior.lower, by_half, transposed=True)
            by_cross.addr_(by_mean.flatten(), posterior.weights)
            flat = x.reshape(-1, x.shape[-1])
            return posterior._cross.pull_back(flat, ctx.slopes, by_cross).view(x.shape), None, None


def every_task(x: Tensor, tasks: int) -> Tensor:
    """Rows (n, T, d + 1) of each task at each of the inputs (n, d)."""
    return torch.stack([torch.cat([x, torch.full_like(x[:, :1], task)], dim=-1) for task in range(tasks)], dim=-2)


def _rows(observations: Observations) -> Tensor:
    return torch.cat([observations.x, observations.task.unsqueeze(-1).to(observations.x)], dim=-1)


def _spans(task: list[int]) -> Iterator[tuple[int, int, int]]:
    """Runs of observations of one task: the task, the first observation and the one after the last."""
    first = 0
    for value, run in groupby(task):
        stop = first + len(list(run))
        yield value, first, stop
        first = stop
