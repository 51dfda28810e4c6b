"""The posterior at very many rows, each by itself, of some of the tasks only, in single or double precision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.inference.posterior import ExactPosterior, Joint
from mfgp.inference.threads import one_thread
from mfgp.inference.triangular import solve_lower
from mfgp.kernels.stationary import row_keys
from mfgp.kernels.task_kernel import Process, plain_profile
from mfgp.kernels.training import has_profiles

BLOCK_ROWS = 512


class RowPosterior:
    """Mean and covariance of some tasks at each of many rows, at a cost that is nearly that of the matrix products.

    One covariance with the observations and one triangular solution are worked out for each task that is wanted,
    and none for the others. Rows are worked on in blocks of one size, the last one being filled up, so that in double
    precision what comes out for a row does not depend on the rows beside it.

    In single precision the triangular solution is, and with it the variance. Kernels and means stay in double: a mean
    is a small difference of large terms where the noise is small.

    Parameters
    ----------
    exact
        The posterior in standardised units, whose kernels over the inputs are named ones; see :meth:`supports`.
    tasks
        The T' tasks wanted, by their places.
    dtype
        ``torch.float64`` or ``torch.float32``, in which the triangular system is solved; results are float64.

    Examples
    --------
    >>> from mfgp.model import TaskGP
    >>> x = torch.linspace(0, 1, 8, dtype=torch.float64).unsqueeze(-1)
    >>> exact = TaskGP(torch.cat([x, 0 * x], -1), torch.sin(6 * x)).eval().exact_posterior
    >>> found = RowPosterior(exact, [0]).joint(x[:3])
    >>> torch.allclose(found.mean, exact.joint(x[:3]).mean), found.covariance.shape
    (True, torch.Size([3, 1, 1]))
    """

    def __init__(self, exact: ExactPosterior, tasks: Sequence[int], dtype: torch.dtype = torch.float64) -> None:
        observations, kernel = exact.observations, exact.kernel
        self.kernel, self.tasks, self.dtype = kernel, list(tasks), dtype
        with torch.no_grad(), one_thread():
            self._lower, self._weights = exact.lower.to(dtype), exact.weights
            known = self.tasks, observations.x, observations.task
            self._parts = [_ProcessRows(process, *known) for process in kernel.processes()]
            self._offsets = kernel.offsets()[self.tasks][:, observations.task]
            self._prior_offsets = kernel.offsets()[self.tasks][:, self.tasks]
            rows = kernel.row_effect()
            self._row_effect = None if rows is None else rows[self.tasks][:, observations.task]
            self._keys = row_keys(observations.x)

    @staticmethod
    def supports(exact: ExactPosterior) -> bool:
        """Whether the kernels over the inputs are named ones."""
        return has_profiles(exact.kernel.processes())

    @torch.no_grad()
    def joint(self, x: Tensor) -> Joint:
        """Mean (n, T') and covariance (n, T', T') at standardised inputs (n, d), in standardised units."""
        count, width = len(x), len(self.tasks)
        mean, covariance = x.new_empty(count, width), x.new_empty(count, width, width)
        with one_thread():
            for start in range(0, count, BLOCK_ROWS):
                rows = x[start : start + BLOCK_ROWS]
                filled = torch.cat([rows, rows[-1:].expand(BLOCK_ROWS - len(rows), -1)])
                block = self._block(filled)
                here = slice(start, start + len(rows))
                mean[here], covariance[here] = block.mean[: len(rows)], block.covariance[: len(rows)]
        return Joint(mean, covariance)

    def _block(self, x: Tensor) -> Joint:
        cross = [offsets.expand(len(x), -1) for offsets in self._offsets]
        for part in self._parts:
            cross = part.add(x, cross)
        if self._row_effect is not None:
            cross = self._with_row_effect(x, cross)
        mean = torch.stack([each @ self._weights for each in cross], dim=-1)
        halves = [solve_lower(self._lower, each.to(self.dtype), overwrite=True) for each in cross]
        explained = x.new_empty(len(x), len(halves), len(halves))
        for i, one in enumerate(halves):
            for j, other in enumerate(halves[: i + 1]):
                explained[:, i, j] = explained[:, j, i] = torch.linalg.vecdot(one, other).to(x)
        prior = self.kernel.task_covariance(x)[..., self.tasks, :][..., self.tasks] + self._prior_offsets
        return Joint(mean, prior - explained)

    def _with_row_effect(self, x: Tensor, cross: list[Tensor]) -> list[Tensor]:
        """What rows share that are among the observations, to the last bit of their inputs."""
        keys = row_keys(x)
        places = torch.isin(keys, self._keys).nonzero().squeeze(-1)
        if not len(places):
            return cross
        assert self._row_effect is not None
        same = (keys[places].unsqueeze(-1) == self._keys).to(x)
        found = []
        for each, effect in zip(cross, self._row_effect, strict=True):
            changed = each.clone()
            changed[places] += effect * same
            found.append(changed)
        return found


class _ProcessRows:
    """What one process adds to the covariance of rows with the observations."""

    def __init__(self, process: Process, tasks: list[int], known: Tensor, task: Tensor) -> None:
        self.process, self.known = process, known
        self._profile = plain_profile(process)
        scaled = process.expand(known) / process.lengthscale
        self._centre = scaled.mean(dim=0, keepdim=True)
        self._scaled = scaled - self._centre
        self._norms = self._scaled.square().sum(-1)
        self._amplitude = process.amplitude[tasks][:, task]
        self._gaps = None if process.distance is None else process.distance[tasks][:, task]

    def add(self, x: Tensor, cross: list[Tensor]) -> list[Tensor]:
        """The covariances (b, N) of each task with this process's part added, as new tensors."""
        u = self.process.expand(x) / self.process.lengthscale - self._centre
        r2 = torch.addmm(self._norms, u, self._scaled.T, alpha=-2.0)
        r2.add_(u.square().sum(-1, keepdim=True)).clamp_min_(0.0)
        related = self.process.related(x, self.known)
        shared = self._profile.value(r2) if self._gaps is None else None
        found = []
        for place, (before, amplitude) in enumerate(zip(cross, self._amplitude, strict=True)):
            value = shared if self._gaps is None else self._profile.value(r2 + self._gaps[place])
            assert value is not None
            if related is not None:
                value = value * related
            found.append(torch.addcmul(before, value, amplitude))
        return found
