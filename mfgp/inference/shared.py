"""What rows share, given the observations: their posterior covariance with fixed rows."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mfgp.inference.posterior import ExactPosterior, every_task
from mfgp.inference.threads import one_thread
from mfgp.inference.triangular import solve_lower
from mfgp.kernels.cross import CrossCovariance
from mfgp.kernels.training import has_profiles


class Shared(NamedTuple):
    """All tasks at each of n inputs, and what they share with r fixed rows, in standardised units.

    mean
        (n, T).
    own
        (n, T, T) covariance of the tasks at each input.
    covariance
        (n, T, r) covariance of the tasks at each input with the fixed rows.
    """

    mean: Tensor
    own: Tensor
    covariance: Tensor


class SharedWith:
    """The posterior covariance of any rows with fixed ones.

    Parameters
    ----------
    posterior
        Given which observations.
    rows
        (r, d + 1) fixed rows of standardised inputs, the task of each in the last column.
    """

    def __init__(self, posterior: ExactPosterior, rows: Tensor) -> None:
        self.posterior, self.rows = posterior, rows
        self._known = torch.cat([posterior.observations.x, posterior.observations.task.unsqueeze(-1).to(rows)], dim=-1)
        with torch.no_grad(), one_thread():
            cross = posterior.kernel.forward(rows, self._known)
            self._half = torch.linalg.solve_triangular(posterior.lower, cross.mT, upper=False).mT
            self._solution = torch.linalg.solve_triangular(posterior.lower.mT, self._half.mT, upper=True)

    def along(self, x: Tensor) -> Shared:
        """The same as :meth:`at`, differentiable in the inputs (n, d)."""
        kernel = self.posterior.kernel
        rows = every_task(x, kernel.num_tasks)
        if self._cross is not None:
            mean, explained, covariance = _Along.apply(rows[..., :-1], rows[..., -1].long(), self)
            return Shared(mean, self.posterior.prior - explained, covariance)
        cross = kernel.forward(rows, self._known) @ self._solution
        return Shared(*self.posterior.along(x), kernel.forward(rows, self.rows) - cross)

    @cached_property
    def _cross(self) -> CrossCovariance | None:
        """With the observations and then the fixed rows; None where an input kernel is not a plain one."""
        kernel, together = self.posterior.kernel, torch.cat([self._known, self.rows])
        with torch.no_grad():
            processes, offsets, row_effect = kernel.processes(), kernel.offsets(), kernel.row_effect()
            if not has_profiles(processes):
                return None
            return CrossCovariance(processes, offsets, row_effect, together[:, :-1], together[:, -1].long())

    @torch.no_grad()
    def at(self, x: Tensor) -> Shared:
        """All tasks at inputs (n, d); a caller with many takes some at a time."""
        tasks = self.posterior.kernel.num_tasks
        with one_thread():
            mean, half = self.posterior.halves(x)
            prior = self.posterior.kernel.task_covariance(x) + self.posterior.kernel.offsets()
            rows = every_task(x, tasks).flatten(0, 1)
            covariance = self.posterior.kernel.forward(rows, self.rows).view(len(x), tasks, -1)
            return Shared(mean, prior - half @ half.mT, covariance - half @ self._half.mT)


class _Along(torch.autograd.Function):
    """Mean (n, T) of rows, what is explained (n, T, T) of their covariance, and that with fixed rows (n, T, r)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, task: Tensor, shared: SharedWith) -> tuple[Tensor, Tensor, Tensor]:
        assert shared._cross is not None
        posterior = shared.posterior
        with one_thread():
            together, slopes = shared._cross.at(x.flatten(0, 1), task.flatten())
            cross, beside = together.tensor_split([len(posterior.weights)], dim=-1)
            half = solve_lower(posterior.lower, cross).reshape(*task.shape, -1)
            ctx.shared, ctx.slopes = shared, slopes
            ctx.save_for_backward(x, half)
            covariance = torch.addmm(beside, cross, shared._solution, alpha=-1.0)
            return (cross @ posterior.weights).view(task.shape), half @ half.mT, covariance.view(*task.shape, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_mean: Tensor, by_explained: Tensor, by_covariance: Tensor) -> tuple[Tensor, None, None]:
        x, half = ctx.saved_tensors
        shared, posterior = ctx.shared, ctx.shared.posterior
        with one_thread():
            by_half = ((by_explained + by_explained.mT) @ half).flatten(0, 1)
            by_beside = by_covariance.flatten(0, 1)
            by_cross = solve_lower(posterior.lower, by_half, transposed=True)
            by_cross.addr_(by_mean.flatten(), posterior.weights).addmm_(by_beside, shared._solution.mT, alpha=-1.0)
            by_together = torch.cat([by_cross, by_beside], dim=-1)
            return shared._cross.pull_back(x.flatten(0, 1), ctx.slopes, by_together).view(x.shape), None, None
