"""One task of a cascade: its posterior given the inputs and the values of its sources."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.noise import TaskNoise
from mfgp.inference.posterior import ExactPosterior
from mfgp.kernels import TaskKernel


class Conditional:
    """Posterior of one task's process over its inputs and the values u of its sources.

    Parameters
    ----------
    kernel, noise
        Of the one task, fitted: a :class:`~mfgp.kernels.CascadeKernel`, or for a task without sources an
        :class:`~mfgp.kernels.AutoregressiveKernel` of one task.
    observations
        Standardised observations of the task, as those of task 0, with the rows that the kernel takes.
    sources
        The tasks that it takes values of, in the order of the kernel's columns.
    """

    def __init__(
        self,
        kernel: TaskKernel,
        noise: TaskNoise,
        observations: Observations,
        sources: Sequence[int] = (),
    ) -> None:
        self.sources = tuple(sources)
        self.kernel, self.noise = kernel, noise
        self.posterior = ExactPosterior(kernel, noise, observations)

    def at(self, x: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (s, b) of the task at inputs (b, d), for each of s values (s, b, k) of its sources.

        A task without sources has them (1, b).
        """
        rows = x
        if self.sources:
            known = torch.zeros_like(values)
            rows = torch.cat([x.expand(len(values), -1, -1), values, known], dim=-1).flatten(0, 1)
        joint = self.posterior.joint(rows)
        return joint.mean.view(-1, len(x)), joint.covariance.view(-1, len(x)).clamp_min(0.0)
