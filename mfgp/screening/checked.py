"""Single precision where it is enough, found out row by row; double elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from mfgp.inference.posterior import Joint
from mfgp.model import TaskGP
from mfgp.model.rows import TaskRows

CHECKED = 512  # rows of a chunk that are worked out in both
ALLOWED = 1e-3  # in standard deviations
SAFETY = 2.0  # by which an error may exceed the largest one that was seen; 1.7 was measured, in 16,384 rows


@final
class CheckedRows:
    """What :class:`~mfgp.model.rows.TaskRows` gives in single precision, and in double of each row that needs it.

    A variance is what is left of the prior's, so what single precision does to it is an error e in shares of the
    prior's variance, while what counts is the error in shares of what is left. With s the least share of its prior
    variance that is left of any weighted sum of the T' tasks (the smallest eigenvalue of the covariance in units of the
    prior's deviations), the error of a deviation is at most T' e / 2 s of it. The largest e is looked up at 512 rows of
    each chunk, half of them those with the least s and half from all over the chunk. All rows where twice that
    error could exceed a thousandth of a deviation are worked out in double, and looked at in turn.

    Parameters
    ----------
    model
        A fitted model that TaskRows supports.
    tasks
        The T' tasks wanted, by their places.
    """

    def __init__(self, model: TaskGP, tasks: Sequence[int]) -> None:
        self._single, self._double = TaskRows(model, tasks, single=True), TaskRows(model, tasks)
        self.noise_scale = self._double.noise_scale

    @torch.no_grad()
    def joint(self, X: Tensor) -> Joint:
        """Mean (n, T') and covariance (n, T', T') of the tasks at inputs (n, d), in the tasks' units."""
        if len(X) <= CHECKED:
            return self._double.joint(X)
        found, prior = self._single.joint(X), self._double.prior_scale(X)
        left = _least_share(found.covariance, prior)
        wanted = torch.zeros(len(X), dtype=torch.bool, device=X.device)
        wanted[left.argsort()[: CHECKED // 2]] = True
        wanted[torch.linspace(0, len(X) - 1, CHECKED // 2).long()] = True
        exact, error = torch.zeros_like(wanted), torch.finfo(torch.float32).eps
        while wanted.any():
            joint = self._double.joint(X[wanted])
            gap = _in_units(joint.covariance - found.covariance[wanted], prior[wanted])
            error = max(error, float(gap.abs().max()))
            found.mean[wanted], found.covariance[wanted] = joint.mean, joint.covariance
            exact |= wanted
            wanted = ~exact & _may_be_wrong(left, error, prior)
        return found

    @torch.no_grad()
    def needs_double(self, X: Tensor) -> Tensor:
        """(n,) whether a row is worked out in double, where the largest error is that at these rows."""
        found, prior = self._single.joint(X), self._double.prior_scale(X)
        gap = _in_units(self._double.joint(X).covariance - found.covariance, prior)
        error = max(torch.finfo(torch.float32).eps, float(gap.abs().max()))
        return _may_be_wrong(_least_share(found.covariance, prior), error, prior)


def _may_be_wrong(left: Tensor, error: float, prior: Tensor) -> Tensor:
    return left < SAFETY * error * prior.shape[-1] / (2.0 * ALLOWED)


def _least_share(covariance: Tensor, prior: Tensor) -> Tensor:
    """(n,) the least variance of a weighted sum of tasks, as a share of that on the prior's scale."""
    if prior.shape[-1] == 1:
        return covariance[:, 0, 0] / prior[:, 0].square()
    return torch.linalg.eigvalsh(_in_units(covariance, prior))[:, 0]


def _in_units(covariance: Tensor, prior: Tensor) -> Tensor:
    return covariance / prior.unsqueeze(-1) / prior.unsqueeze(-2)
