"""The covariance of training observations and its gradient, panel by panel, without a graph of n x n steps.

Observations come sorted by task, so a panel of rows has one task and each process's amplitude is a row vector on it.
Only the lower triangle (by panels) is computed; it is all that a Cholesky factorisation reads. The gradient with
respect to lengthscales is a matrix product: with u = x / l and W = dE/d(r2), sum_ik W_ik (u_ij - u_kj)^2 needs W's
row sums, its column sums and W u, never an n x n x d array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mfgp.kernels.stationary import Profile, profile, row_keys
from mfgp.kernels.task_kernel import TaskKernel

PANEL_ROWS = 192


class _Panel(NamedTuple):
    task: int
    start: int
    stop: int
    task_start: int


def training_covariance(kernel: TaskKernel, x: Tensor, task: Tensor) -> Tensor:
    """Covariance (N, N) of observations sorted by task, differentiable in the kernel's parameters.

    Parameters
    ----------
    kernel
        The kernel; where one of its input kernels is not a plain RBF or Matern, autograd through it is used instead.
    x
        (N, d) inputs.
    task
        (N,) task of each observation, ascending.

    Returns
    -------
    (N, N) tensor of which only the lower triangle is to be read. A gradient handed back to it is taken as that of the
    whole symmetric matrix, as :func:`~mfgp.inference.evidence.log_evidence` gives it.

    Examples
    --------
    >>> from mfgp.kernels import CoregionalizationKernel, input_kernel
    >>> kernel = CoregionalizationKernel([input_kernel("rbf", 1)], num_tasks=1, rank=1)
    >>> x = torch.tensor([[0.0], [1.5]], dtype=torch.float64)
    >>> covariance = training_covariance(kernel, x, torch.tensor([0, 0]))
    >>> print(round(covariance[1, 0].item(), 4))  # (1 + 0.3^2) exp(-1/2) + 1
    1.6611
    """
    processes = kernel.processes()
    profiles = [profile(process.kernel) for process in processes]
    offsets = kernel.offsets()
    if not _all_known(profiles):
        rows = torch.cat([x, task.unsqueeze(-1).to(x)], dim=-1)
        return kernel.forward(rows, rows)
    counts = torch.bincount(task, minlength=kernel.num_tasks).tolist()
    tensors: list[Tensor | None] = []
    for process in processes:
        tensors += [process.kernel.lengthscale.reshape(-1), process.amplitude, process.distance]
    supports = [process.support for process in processes]
    return _SortedCovariance.apply(x, counts, profiles, supports, offsets, kernel.row_effect(), *tensors)


def _all_known(profiles: list[Profile | None]) -> bool:
    return all(shape is not None for shape in profiles)


def _panels(counts: list[int]) -> Iterator[_Panel]:
    start = 0
    for task, count in enumerate(counts):
        for first in range(start, start + count, PANEL_ROWS):
            yield _Panel(task, first, min(first + PANEL_ROWS, start + count), start)
        start += count


def _expand(row: Tensor, counts: Tensor) -> Tensor:
    """Values per task (T,) to values per observation (N,)."""
    return torch.repeat_interleave(row, counts)


class _SortedCovariance(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        counts: list[int],
        profiles: list[Profile],
        supports: list[tuple[bool, ...] | None],
        offsets: Tensor,
        row_effect: Tensor | None,
        *tensors: Tensor | None,
    ) -> Tensor:
        n = len(x)
        centred = x - x.mean(0)
        repeats = torch.tensor(counts, device=x.device)
        covariance = x.new_zeros(n, n)
        shared = torch.repeat_interleave(offsets, repeats, dim=1)
        ctx.keys = None if row_effect is None else row_keys(x)
        by_row = None if row_effect is None else torch.repeat_interleave(row_effect, repeats, dim=1)
        for panel in _panels(counts):
            here, there = slice(panel.start, panel.stop), slice(0, panel.stop)
            covariance[here, there] = shared[panel.task, there]
            if by_row is not None:
                same = ctx.keys[here].unsqueeze(-1) == ctx.keys[there]
                covariance[here, there].addcmul_(same.to(x), by_row[panel.task, there].unsqueeze(0))
        saved: list[Tensor | None] = []
        for q, (shape, support) in enumerate(zip(profiles, supports, strict=True)):
            lengthscale, amplitude, distance = tensors[3 * q : 3 * q + 3]
            assert lengthscale is not None
            assert amplitude is not None
            u = centred / lengthscale
            norms = u.square().sum(-1)
            rows = torch.repeat_interleave(amplitude, repeats, dim=1)
            gaps = None if distance is None else torch.repeat_interleave(distance, repeats, dim=1)
            first = _first_row(counts, support)
            for panel in _panels(counts):
                if support is not None and not support[panel.task]:
                    continue
                here, there = slice(panel.start, panel.stop), slice(first, panel.stop)
                r2 = torch.addmm(norms[there], u[here], u[there].T, alpha=-2.0).add_(norms[here].unsqueeze(-1))
                r2.clamp_min_(0.0)
                if gaps is not None:
                    r2.add_(gaps[panel.task, there])
                value, slope = shape.value_and_slope(r2)
                covariance[here, there].addcmul_(value, rows[panel.task, there].unsqueeze(0))
                saved += [value, slope]
        ctx.counts, ctx.supports, ctx.panels = counts, supports, saved
        ctx.save_for_backward(centred, *tensors)
        return covariance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        centred, *tensors = ctx.saved_tensors
        counts = ctx.counts
        repeats = torch.tensor(counts, device=centred.device)
        num_tasks = len(counts)
        membership = torch.repeat_interleave(
            torch.eye(num_tasks, dtype=centred.dtype, device=centred.device), repeats, dim=0
        )
        offsets_gradient = centred.new_zeros(num_tasks, num_tasks)
        row_gradient = None if ctx.keys is None else centred.new_zeros(num_tasks, num_tasks)
        panel_gradients = []
        for panel in _panels(counts):
            weights = gradient[panel.start : panel.stop, : panel.stop].clone()
            weights[:, : panel.start] *= 2.0
            panel_gradients.append(weights)
            offsets_gradient[panel.task] += weights.sum(0) @ membership[: panel.stop]
            if row_gradient is not None:
                same = ctx.keys[panel.start : panel.stop].unsqueeze(-1) == ctx.keys[: panel.stop]
                row_gradient[panel.task] += torch.where(same, weights, 0.0).sum(0) @ membership[: panel.stop]
        results: list[Tensor | None] = []
        saved = iter(ctx.panels)
        for q, support in enumerate(ctx.supports):
            lengthscale, amplitude, distance = tensors[3 * q : 3 * q + 3]
            u = centred / lengthscale
            u2 = u.square()
            rows = torch.repeat_interleave(amplitude, repeats, dim=1)
            first = _first_row(counts, support)
            squares = torch.zeros_like(u[0])
            amplitude_gradient = torch.zeros_like(amplitude)
            distance_gradient = None if distance is None else torch.zeros_like(distance)
            for panel, weights in zip(_panels(counts), panel_gradients, strict=True):
                if support is not None and not support[panel.task]:
                    continue
                here, there = slice(panel.start, panel.stop), slice(first, panel.stop)
                value, slope = next(saved), next(saved)
                within = weights[:, first:]
                amplitude_gradient[panel.task] += torch.linalg.vecdot(within, value, dim=0) @ membership[there]
                by_r2 = slope * within * rows[panel.task, there]
                columns = by_r2.sum(0)
                if distance_gradient is not None:
                    distance_gradient[panel.task] += columns @ membership[there]
                squares += by_r2.sum(1) @ u2[here] + columns @ u2[there]
                squares -= 2.0 * (u[here] * (by_r2 @ u[there])).sum(0)
            by_lengthscale = (
                -2.0 * squares / lengthscale if len(lengthscale) > 1 else -2.0 * squares.sum() / lengthscale
            )
            results += [by_lengthscale, amplitude_gradient, distance_gradient]
        return None, None, None, None, offsets_gradient, row_gradient, *results


def _first_row(counts: list[int], support: tuple[bool, ...] | None) -> int:
    """The first observation of the first task that a process reaches."""
    return 0 if support is None else sum(counts[: support.index(True)])
