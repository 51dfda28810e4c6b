"""One task of a cascade: its posterior given the inputs and the values of its sources."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.noise import TaskNoise
from mfgp.inference.posterior import ExactPosterior, Joint
from mfgp.kernels import CascadeKernel, TaskKernel

FEWEST_POINTS = 20
POINTS_PER_LENGTHSCALE = 6.0


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
        The tasks whose values it takes, in the order of the kernel's columns.
    posterior
        Of the same kernel, noise and observations, where it is known already; None to compute it.
    """

    def __init__(
        self,
        kernel: TaskKernel,
        noise: TaskNoise,
        observations: Observations,
        sources: Sequence[int] = (),
        posterior: ExactPosterior | None = None,
    ) -> None:
        self.sources = tuple(sources)
        self.kernel, self.noise = kernel, noise
        self.posterior = ExactPosterior(kernel, noise, observations) if posterior is None else posterior

    @torch.no_grad()
    def at(self, x: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (s, b) of the task at inputs (b, d), for each of s values (s, b, k) of its sources.

        A task without sources has them (1, b). Many values of one source are interpolated: at a row, mean and variance
        are functions of the value as smooth as the curve's squared-exponential kernel, which a polynomial through a
        few Chebyshev points follows to rounding.
        """
        if not self.sources:
            return _moments(self.posterior.joint(x), len(x))
        if len(self.sources) == 1 and isinstance(self.kernel, CascadeKernel):
            middle, half = 0.5 * (values.amax(0) + values.amin(0)), 0.5 * (values.amax(0) - values.amin(0))
            reach = (2.0 * half / self.kernel.value_lengthscale).max().item()
            points = FEWEST_POINTS + math.ceil(POINTS_PER_LENGTHSCALE * reach)
            if points < len(values):
                # Values that differ by rounding alone may lie outside, where the polynomial would multiply it.
                scaled = ((values - middle) / torch.where(half > 0.0, half, 1.0)).clamp(-1.0, 1.0)
                nodes = _chebyshev_points(points).to(x)
                means, variances = self._exactly(x, middle + half * nodes.view(-1, 1, 1))
                curves = torch.stack([_chebyshev_sum(curve, scaled.squeeze(-1)) for curve in (means, variances)])
                return curves[0], curves[1].clamp_min(0.0)
        return self._exactly(x, values)

    def _exactly(self, x: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        rows = torch.cat([x.expand(len(values), -1, -1), values, torch.zeros_like(values)], dim=-1)
        return _moments(self.posterior.joint(rows.flatten(0, 1)), len(x))


def _moments(joint: Joint, rows: int) -> tuple[Tensor, Tensor]:
    return joint.mean.view(-1, rows), joint.covariance.view(-1, rows).clamp_min(0.0)


def _chebyshev_points(count: int) -> Tensor:
    return torch.cos(math.pi * (torch.arange(count, dtype=torch.float64) + 0.5) / count)


def _chebyshev_sum(at_points: Tensor, t: Tensor) -> Tensor:
    """The polynomial through values (m, b) at the m Chebyshev points, at t (s, b) in [-1, 1], by Clenshaw's rule.

    Examples
    --------
    >>> t = torch.tensor([[0.3]], dtype=torch.float64)
    >>> print(round(_chebyshev_sum(_chebyshev_points(20).exp().unsqueeze(-1), t).item() - math.exp(0.3), 12))
    0.0
    """
    count = len(at_points)
    degree = torch.arange(count, dtype=torch.float64)
    basis = torch.cos(degree.unsqueeze(-1) * torch.acos(_chebyshev_points(count))).to(at_points)
    weights = 2.0 / count * basis @ at_points
    after, above = torch.zeros_like(t), torch.zeros_like(t)
    for weight in weights[1:].flip(0):
        after, above = weight + 2.0 * t * after - above, after
    return 0.5 * weights[0] + t * after - above
