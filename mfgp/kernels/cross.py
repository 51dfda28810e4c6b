"""The covariance of new rows with observations, and its gradient by the rows' inputs, without a graph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.kernels.stationary import squared_distance
from mfgp.kernels.task_kernel import Process, identical, plain_profile


class CrossCovariance:
    """The covariance of rows with fixed observations, at fixed parameters.

    Parameters
    ----------
    processes, offsets, row_effect
        What the kernel consists of; every process has an RBF or a Matern kernel.
    x, task
        (N, d) inputs of the observations, and the (N,) task of each.

    Examples
    --------
    >>> from mfgp.kernels import CoregionalizationKernel, input_kernel
    >>> kernel = CoregionalizationKernel([input_kernel("rbf", 1)], num_tasks=1, rank=1)
    >>> x = torch.tensor([[0.0]], dtype=torch.float64)
    >>> with torch.no_grad():
    ...     cross = CrossCovariance(kernel.processes(), kernel.offsets(), None, x, torch.tensor([0]))
    ...     covariance, slopes = cross.at(x + 1.5, torch.tensor([0]))
    ...     by_x = cross.pull_back(x + 1.5, slopes, torch.ones(1, 1).double())
    >>> print(round(covariance.item(), 4), round(by_x.item(), 4))  # (1 + 0.3^2) exp(-1/2) + 1 and its slope in x
    1.6611 -0.4407
    """

    def __init__(
        self, processes: Sequence[Process], offsets: Tensor, row_effect: Tensor | None, x: Tensor, task: Tensor
    ) -> None:
        self.x = x
        self._processes = processes
        self._amplitudes = [process.amplitude[:, task] for process in processes]
        self._gaps = [None if process.distance is None else process.distance[:, task] for process in processes]
        self._scaled = [process.expand(x) / process.lengthscale for process in processes]
        self._offsets = offsets[:, task]
        self._row_effect = None if row_effect is None else row_effect[:, task]

    def at(self, x: Tensor, task: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The covariance (m, N) of rows, and each process's derivative (m, N) by the squared scaled distance.

        Parameters
        ----------
        x, task
            (m, d) inputs and the (m,) task of each row.
        """
        total, slopes = self._offsets[task], []
        parts = zip(self._processes, self._scaled, self._amplitudes, self._gaps, strict=True)
        for process, known, amplitude, gaps in parts:
            r2 = squared_distance(process.expand(x) / process.lengthscale, known)
            if gaps is not None:
                r2 += gaps[task]
            value, slope = plain_profile(process).value_and_slope(r2)
            related = process.related(x, self.x)
            factor = amplitude[task] if related is None else amplitude[task] * related
            total.addcmul_(value, factor)
            slopes.append(slope.mul_(factor))
        if self._row_effect is not None:
            total.addcmul_(self._row_effect[task], identical(x, self.x).to(x))
        return total, slopes

    def pull_back(self, x: Tensor, slopes: Sequence[Tensor], by_covariance: Tensor) -> Tensor:
        """Derivatives (m, d) by the inputs x of rows, from those (m, N) by the covariance that :meth:`at` gave."""
        total = torch.zeros_like(x)
        for process, slope in zip(self._processes, slopes, strict=True):
            weights = by_covariance * slope
            known, new = process.expand(self.x), process.expand(x)
            by_new = 2.0 * (weights.sum(-1, keepdim=True) * new - weights @ known) / process.lengthscale.square()
            numbers = process.numbers(x.shape[-1])
            total[:, numbers] += by_new[:, : len(numbers)]
        return total
