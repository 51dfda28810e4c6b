"""The posterior at very many rows, each by itself, of some of the tasks only, in single or double precision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.inference.posterior import ExactPosterior, Joint
from mfgp.inference.rounding import above_rounding
from mfgp.inference.threads import one_thread
from mfgp.inference.triangular import solve_lower
from mfgp.kernels.stationary import row_keys
from mfgp.kernels.task_kernel import Process, plain_profile
from mfgp.kernels.training import has_profiles

BLOCK_ROWS = 512  # for one triangular solution
STRIP_ROWS = 64  # whose covariances stay in the processor's cache while they are worked on
DEVICE_ROWS, DEVICE_ENTRIES = 8192, 1 << 26  # at most of a block on a GPU, which is idle between small steps


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
        self._block_rows, self._strip_rows = BLOCK_ROWS, STRIP_ROWS
        if exact.lower.device.type != "cpu":
            block = max(BLOCK_ROWS, min(DEVICE_ENTRIES // len(exact.weights), DEVICE_ROWS))
            self._block_rows = self._strip_rows = block
        with torch.no_grad(), one_thread():
            self._lower, self._weights = exact.lower.to(dtype), exact.weights
            known = self.tasks, observations.x, observations.task
            self._parts = [_ProcessRows(process, *known) for process in kernel.processes()]
            self._offsets = kernel.offsets()[self.tasks][:, observations.task]
            self._prior_offsets = kernel.offsets()[self.tasks][:, self.tasks]
            rows = kernel.row_effect()
            self._row_effect = None if rows is None else rows[self.tasks][:, observations.task]
            self._keys = row_keys(observations.x)
            self._sorted_keys = self._keys.sort().values

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
            for start in range(0, count, self._block_rows):
                rows = x[start : start + self._block_rows]
                filled = torch.cat([rows, rows[-1:].expand(self._block_rows - len(rows), -1)])
                block = self._block(filled)
                here = slice(start, start + len(rows))
                mean[here], covariance[here] = block.mean[: len(rows)], block.covariance[: len(rows)]
        return Joint(mean, covariance)

    @torch.no_grad()
    def prior_scale(self, x: Tensor) -> Tensor:
        """(n, T') standard deviations without the observations, in standardised units."""
        return self._prior(x).diagonal(dim1=-2, dim2=-1).sqrt().expand(len(x), -1)

    def _block(self, x: Tensor) -> Joint:
        mean = x.new_empty(len(x), len(self.tasks))
        halves = [x.new_empty(len(x), len(self._weights), dtype=self.dtype) for _ in self.tasks]
        keys = self._keys_among_observations(x)
        for start in range(0, len(x), self._strip_rows):
            strip = slice(start, start + self._strip_rows)
            cross = [
                half[strip] if self.dtype == x.dtype else torch.empty_like(half[strip], dtype=x.dtype)
                for half in halves
            ]
            self._cross(x[strip], None if keys is None else keys[strip], cross)
            for place, each in enumerate(cross):
                mean[strip, place] = each @ self._weights
                if self.dtype != x.dtype:
                    halves[place][strip] = each
        halves = [solve_lower(self._lower, half, overwrite=True) for half in halves]
        explained = x.new_empty(len(x), len(halves), len(halves))
        for i, one in enumerate(halves):
            for j, other in enumerate(halves[: i + 1]):
                explained[:, i, j] = explained[:, j, i] = torch.linalg.vecdot(one, other).to(x)
        return Joint(mean, above_rounding(self._prior(x), explained))

    def _prior(self, x: Tensor) -> Tensor:
        return self.kernel.task_covariance(x)[..., self.tasks, :][..., self.tasks] + self._prior_offsets

    def _cross(self, x: Tensor, keys: Tensor | None, cross: list[Tensor]) -> None:
        """Write the covariance (b, N) of each task with the observations; `keys` where rows may be among these."""
        before: Sequence[Tensor] = self._offsets.unbind()
        for part in self._parts:
            part.add(x, before, cross)
            before = cross
        if keys is not None:
            assert self._row_effect is not None
            same = (keys.unsqueeze(-1) == self._keys).to(x)
            for each, effect in zip(cross, self._row_effect, strict=True):
                each.addcmul_(same, effect)

    def _keys_among_observations(self, x: Tensor) -> Tensor | None:
        """Keys of rows where the row effect matters: where one is among the observations, to the last bit."""
        if self._row_effect is None:
            return None
        keys = row_keys(x)
        places = torch.searchsorted(self._sorted_keys, keys).clamp_max_(len(self._keys) - 1)
        return keys if bool((self._sorted_keys[places] == keys).any()) else None


class _ProcessRows:
    """What one process adds to the covariance of rows with the observations."""

    def __init__(self, process: Process, tasks: list[int], known: Tensor, task: Tensor) -> None:
        self.process, self.known = process, known
        self._profile = plain_profile(process)
        scaled = process.expand(known) / process.lengthscale
        self._centre = scaled.mean(dim=0, keepdim=True)
        scaled = scaled - self._centre
        norms = scaled.square().sum(-1, keepdim=True)
        self._scaled = torch.cat([scaled, torch.ones_like(norms), norms], dim=-1).T.contiguous()
        self._amplitude = process.amplitude[tasks][:, task]
        self._gaps = None if process.distance is None else process.distance[tasks][:, task]

    def add(self, x: Tensor, before: Sequence[Tensor], cross: list[Tensor]) -> None:
        """Write this process's part of the covariance (b, N) of each task, added to what was there before."""
        u = self.process.expand(x) / self.process.lengthscale - self._centre
        norms = u.square().sum(-1, keepdim=True)
        r2 = (torch.cat([-2.0 * u, norms, torch.ones_like(norms)], dim=-1) @ self._scaled).clamp_min_(0.0)
        related = self.process.related(x, self.known)
        if self._gaps is None:
            values = [self._value(r2, related)] * len(cross)
        else:
            values = [self._value(r2 + gaps, related) for gaps in self._gaps]
        for sum_before, value, amplitude, each in zip(before, values, self._amplitude, cross, strict=True):
            torch.addcmul(sum_before, value, amplitude, out=each)

    def _value(self, r2: Tensor, related: Tensor | None) -> Tensor:
        """The correlation; r2 is spoilt."""
        value = self._profile.overwrite(r2)
        return value if related is None else value.mul_(related)
