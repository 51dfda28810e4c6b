"""TaskRows: a TaskGP's posterior of some tasks at very many rows, in the tasks' units."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.inference.posterior import Joint
from mfgp.inference.rows import RowPosterior
from mfgp.model.task_gp import TaskGP


class TaskRows:
    """What :meth:`TaskGP.joint` gives of some tasks, quicker; without the model, so that it travels light.

    Parameters
    ----------
    model
        A fitted model, with kernels over the inputs as :meth:`supports` asks for.
    tasks
        The T' tasks wanted, by their places.
    single
        Whether the triangular system is solved in single precision.

    Examples
    --------
    >>> x = torch.linspace(0, 1, 8, dtype=torch.float64).unsqueeze(-1)
    >>> model = TaskGP(torch.cat([x, 0 * x], -1), torch.sin(6 * x)).eval()
    >>> torch.allclose(TaskRows(model, [0]).joint(x).mean, model.joint(x).mean)
    True
    """

    def __init__(self, model: TaskGP, tasks: Sequence[int], single: bool = False) -> None:
        dtype = torch.float32 if single else torch.float64
        self._posterior = RowPosterior(model.exact_posterior, tasks, dtype)
        self._encode = model.encode
        means, stdvs = model._units()
        self._means, self._stdvs = means[list(tasks)], stdvs[list(tasks)]
        self.noise_scale = model.noise_scale()[list(tasks)]

    @staticmethod
    def supports(model: TaskGP) -> bool:
        """Whether the kernels over the inputs are named ones."""
        return RowPosterior.supports(model.exact_posterior)

    @torch.no_grad()
    def joint(self, X: Tensor) -> Joint:
        """Mean (n, T') and covariance (n, T', T') of the tasks at inputs (n, d), in the tasks' units."""
        joint = self._posterior.joint(self._standardised(X))
        return Joint(joint.mean * self._stdvs + self._means, joint.covariance * torch.outer(self._stdvs, self._stdvs))

    @torch.no_grad()
    def prior_scale(self, X: Tensor) -> Tensor:
        """(n, T') standard deviations without the observations, in the tasks' units."""
        return self._posterior.prior_scale(self._standardised(X)) * self._stdvs

    def _standardised(self, X: Tensor) -> Tensor:
        return self._encode(torch.cat([X, torch.zeros(len(X), 1).to(X)], dim=-1))[..., :-1]
