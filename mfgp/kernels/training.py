"""The covariance of training observations and its gradient, panel by panel, without a graph of n x n steps.

Observations come sorted by task. Only the lower triangle is computed; it is all that a Cholesky factorisation reads.
It is made in panels of rows that fit the processor's cache. A plentiful task has panels of its own, on which each
process's amplitude is a row vector; scarce tasks share a panel. The gradient with respect to lengthscales is a matrix
product: with u = x / l and W = dE/d(r2), sum_ik W_ik (u_ij - u_kj)^2 needs W's row sums, its column sums and W u, never
an n x n x d array. Its gradient with respect to u, and so to the positions of levels, needs W^T u besides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.kernels.levels import LevelEmbedding, embeddings_of
from mfgp.kernels.stationary import profile, row_keys
from mfgp.kernels.task_kernel import CovarianceGradient, Process, ProcessGradient, TaskKernel, plain_profile

PANEL_ENTRIES = 2**17
LEAST_PANEL_ROWS = 24


class _Panel(NamedTuple):
    start: int
    stop: int
    task: int | None


class TrainingCovariance:
    """The covariance of fixed observations for changing parameters.

    Parameters
    ----------
    x
        (N, d) inputs.
    task
        (N,) task of each observation, ascending.
    num_tasks
        T.

    Examples
    --------
    >>> from mfgp.kernels import CoregionalizationKernel, input_kernel
    >>> kernel = CoregionalizationKernel([input_kernel("rbf", 1)], num_tasks=1, rank=1)
    >>> x = torch.tensor([[0.0], [1.5]], dtype=torch.float64)
    >>> covariance = TrainingCovariance(x, torch.tensor([0, 0]), num_tasks=1)
    >>> with torch.no_grad():
    ...     matrix = covariance.fill(kernel.processes(), kernel.offsets(), kernel.row_effect())
    >>> print(round(matrix[1, 0].item(), 4))  # (1 + 0.3^2) exp(-1/2) + 1
    1.6611
    """

    def __init__(self, x: Tensor, task: Tensor, num_tasks: int) -> None:
        self.x = x
        self.centred = x - x.mean(0)
        self.task = task
        self.num_tasks = num_tasks
        self.counts = torch.bincount(task, minlength=num_tasks).tolist()
        self.membership = torch.nn.functional.one_hot(task, num_tasks).to(x)
        self.panels = list(_panels(self.counts))
        low, high = _pairs(row_keys(x))
        self._pairs = low * len(x) + high
        self._pair_tasks = task[low] * num_tasks + task[high]
        self._pair_weights = torch.where(low == high, 1.0, 2.0).to(x)
        self._saved: list[tuple[Tensor, Tensor, Tensor]] = []

    def fill(self, processes: Sequence[Process], offsets: Tensor, row_effect: Tensor | None) -> Tensor:
        """The covariance (N, N), of which only the lower triangle is to be read.

        Every process has an RBF or a Matern kernel. What the gradient needs is kept until the next call.
        """
        self._saved.clear()
        covariance = self.centred.new_empty(len(self.centred), len(self.centred))
        shared = offsets.index_select(1, self.task)
        for panel in self.panels:
            covariance[panel.start : panel.stop, : panel.stop] = self._on(panel, shared)
        for process in processes:
            shape = plain_profile(process)
            u = self._scaled(process)
            norms = u.square().sum(-1)
            columns = process.amplitude.index_select(1, self.task)
            gaps = None if process.distance is None else process.distance.index_select(1, self.task)
            first = self._first_row(process)
            for panel in self._reached(process):
                here, there = slice(panel.start, panel.stop), slice(first, panel.stop)
                r2 = torch.addmm(norms[there], u[here], u[there].T, alpha=-2.0).add_(norms[here].unsqueeze(-1))
                r2.clamp_min_(0.0)
                if gaps is not None:
                    r2.add_(self._on(panel, gaps, first))
                value, slope = shape.value_and_slope(r2)
                amplitude = self._on(panel, columns, first)
                covariance[here, there].addcmul_(value, amplitude)
                self._saved.append((value, slope, amplitude))
        if row_effect is not None:
            covariance.view(-1).index_add_(0, self._pairs, row_effect.reshape(-1)[self._pair_tasks])
        return covariance

    def gradient(self, processes: Sequence[Process], by_covariance: Tensor) -> CovarianceGradient:
        """Derivatives of a function of the covariance that was filled last, by what it was filled from.

        Parameters
        ----------
        processes
            Those of :meth:`fill`.
        by_covariance
            (N, N) derivatives by the entries of the symmetric matrix, of which the lower triangle is read; used up.
        """
        by_rows = by_covariance.view(-1)[self._pairs] * self._pair_weights
        row_effect = by_rows.new_zeros(self.num_tasks**2).index_add_(0, self._pair_tasks, by_rows)
        offsets = by_rows.new_zeros(self.num_tasks, self.num_tasks)
        for panel in self.panels:
            weights = by_covariance[panel.start : panel.stop, : panel.stop]
            weights.mul_(2.0)[:, panel.start :].tril_().diagonal().mul_(0.5)
            self._collect(offsets, panel, weights, 0)
        saved = iter(self._saved)
        results = []
        for process in processes:
            u = self._scaled(process)
            u2 = u.square()
            embeddings = embeddings_of(process.kernel)
            coded = u.shape[1] - sum(embedding.dimension for embedding in embeddings)  # the first coordinate
            by_u = torch.zeros_like(u[:, coded:])
            first = self._first_row(process)
            squares = torch.zeros_like(u[0])
            amplitude = torch.zeros_like(process.amplitude)
            distance = None if process.distance is None else torch.zeros_like(process.distance)
            for panel in self._reached(process):
                value, slope, factor = next(saved)
                here, there = slice(panel.start, panel.stop), slice(first, panel.stop)
                weights = by_covariance[here, there]
                self._collect(amplitude, panel, value.mul_(weights), first)
                by_r2 = slope.mul_(weights).mul_(factor)
                if distance is not None:
                    self._collect(distance, panel, by_r2, first)
                by_row, by_column, towards = by_r2.sum(1), by_r2.sum(0), by_r2 @ u[there]
                squares += by_row @ u2[here] + by_column @ u2[there]
                squares -= 2.0 * (u[here] * towards).sum(0)
                if embeddings:
                    by_u[here] += by_row.unsqueeze(-1) * u[here, coded:] - towards[:, coded:]
                    by_u[there] += by_column.unsqueeze(-1) * u[there, coded:] - by_r2.T @ u[here, coded:]
            total = -2.0 * (squares if process.lengthscale.shape[-1] > 1 else squares.sum())
            by_z = 2.0 * by_u / process.lengthscale.expand(1, u.shape[1])[:, coded:]
            positions = self._by_level(embeddings, by_z)
            results.append(ProcessGradient(total.view(1, -1), amplitude, distance, positions))
        self._saved.clear()
        return CovarianceGradient(results, offsets, row_effect.view(self.num_tasks, self.num_tasks))

    def _scaled(self, process: Process) -> Tensor:
        """The observations' inputs in lengthscales, around their mean."""
        if not embeddings_of(process.kernel):
            return self.centred / process.lengthscale
        u = process.expand(self.x) / process.lengthscale
        return u - u.mean(0)

    def _by_level(self, embeddings: list[LevelEmbedding], by_coordinates: Tensor) -> list[Tensor]:
        """Derivatives by each level's position, from those (N, coordinates) by the observations' coordinates."""
        parts = by_coordinates.split([embedding.dimension for embedding in embeddings], dim=-1)
        return [
            torch.zeros_like(embedding.positions).index_add_(0, embedding.codes(self.x), part)
            for embedding, part in zip(embeddings, parts, strict=True)
        ]

    def _on(self, panel: _Panel, columns: Tensor, first: int = 0) -> Tensor:
        """Values per task and observation (T, N) on a panel: (1, n) where it has one task, else (m, n)."""
        there = columns[:, first : panel.stop]
        if panel.task is not None:
            return there[panel.task].unsqueeze(0)
        return there.index_select(0, self.task[panel.start : panel.stop])

    def _collect(self, total: Tensor, panel: _Panel, entries: Tensor, first: int) -> None:
        """Add the sums over pairs of tasks of a panel's entries (m, n) to a total (T, T)."""
        there = self.membership[first : panel.stop]
        if panel.task is not None:
            total[panel.task] += entries.sum(0) @ there
        else:
            total += self.membership[panel.start : panel.stop].T @ (entries @ there)

    def _reached(self, process: Process) -> Iterator[_Panel]:
        """Panels with a task that the process reaches."""
        first = self._first_row(process)
        for panel in self.panels:
            if panel.stop > first and (panel.task is None or process.support is None or process.support[panel.task]):
                yield panel

    def _first_row(self, process: Process) -> int:
        """The first observation of the first task that the process reaches."""
        return 0 if process.support is None else sum(self.counts[: process.support.index(True)])


def has_profiles(processes: Sequence[Process]) -> bool:
    """Whether all input kernels are plain ones, which :class:`TrainingCovariance` can do.

    Examples
    --------
    >>> from gpytorch.kernels import LinearKernel, RBFKernel
    >>> [has_profiles([Process(kernel, torch.ones(1, 1))]) for kernel in (RBFKernel(), LinearKernel())]
    [True, False]
    """
    return all(profile(process.kernel) is not None for process in processes)


@torch.no_grad()
def training_covariance(kernel: TaskKernel, x: Tensor, task: Tensor) -> Tensor:
    """Covariance (N, N) of observations sorted by task, of which only the lower triangle is to be read.

    Parameters
    ----------
    kernel
        The kernel, at its current parameters.
    x
        (N, d) inputs.
    task
        (N,) task of each observation, ascending.
    """
    processes = kernel.processes()
    if not has_profiles(processes):
        rows = torch.cat([x, task.unsqueeze(-1).to(x)], dim=-1)
        return kernel.forward(rows, rows)
    return TrainingCovariance(x, task, kernel.num_tasks).fill(processes, kernel.offsets(), kernel.row_effect())


def _panels(counts: list[int]) -> Iterator[_Panel]:
    """Panels of about PANEL_ENTRIES entries, of one task or of several whole ones, whose task is then None."""
    start = stop = 0
    tasks: list[int] = []
    for task, count in enumerate(counts):
        if stop > start and stop + count - start > _rows(start):
            yield _Panel(start, stop, tasks[0] if len(tasks) == 1 else None)
            start, tasks = stop, []
        stop += count
        tasks += [task] * (count > 0)
        while stop - start > _rows(start):
            yield _Panel(start, start + _rows(start), task)
            start += _rows(start)
    if stop > start:
        yield _Panel(start, stop, tasks[0] if len(tasks) == 1 else None)


def _rows(start: int) -> int:
    """How many rows a panel has that begins at an observation."""
    return max(PANEL_ENTRIES // max(start, math.isqrt(PANEL_ENTRIES)), LEAST_PANEL_ROWS)


def _pairs(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs (i, j), i >= j, of observations with the same key."""
    order = torch.argsort(keys, stable=True)
    counts = torch.unique_consecutive(keys[order], return_counts=True)[1]
    ends = counts.cumsum(0)
    starts = torch.repeat_interleave(ends - counts, counts)
    behind = torch.arange(len(keys), device=keys.device) - starts + 1
    low = torch.repeat_interleave(torch.arange(len(keys), device=keys.device), behind)
    step = torch.arange(len(low), device=keys.device) - torch.repeat_interleave(behind.cumsum(0) - behind, behind)
    return order[low], order[torch.repeat_interleave(starts, behind) + step]
