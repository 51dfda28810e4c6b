"""What rows share, given the observations: their posterior covariance with fixed rows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.inference.posterior import ExactPosterior, Joint
from mfgp.inference.threads import one_thread


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
        joint, rows = joint_along(self.posterior, x), every_task(x, self.posterior.kernel.num_tasks)
        kernel = self.posterior.kernel
        cross = kernel.forward(rows, self._known) @ self._solution
        return Shared(joint.mean, joint.covariance, kernel.forward(rows, self.rows) - cross)

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


def joint_along(posterior: ExactPosterior, x: Tensor) -> Joint:
    """The joint posterior of all tasks at each of the inputs (n, d), differentiable in them."""
    return Joint(*posterior.at(every_task(x, posterior.kernel.num_tasks)))


def every_task(x: Tensor, tasks: int) -> Tensor:
    """Rows (n, T, d + 1) of each task at each of the inputs (n, d)."""
    return torch.stack([torch.cat([x, torch.full_like(x[:, :1], task)], dim=-1) for task in range(tasks)], dim=-2)
