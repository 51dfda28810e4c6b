"""Batches of observations added to a posterior, each batch by itself, such as fantasies of what would be measured."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.errors import NumericsError
from mfgp.inference.evidence import JITTERS
from mfgp.inference.posterior import ExactPosterior


class Fantasies(NamedTuple):
    """Observations added to a posterior, in batches that may have a shape for each part as long as they broadcast.

    The posterior given them is that of a normal vector given some of its entries, so only q x q matrices are factorised
    (Rasmussen & Williams 2006, equation A.6), and all is differentiable in rows and values.

    Parameters
    ----------
    posterior
        What the observations are added to.
    rows
        (..., q, d + 1) standardised inputs with the index of their task.
    values
        (..., q) in the tasks' standardised units.
    variance
        (..., q) variance of their noise.

    Examples
    --------
    >>> import numpy as np
    >>> from mfgp.data import Observations
    >>> from mfgp.inference import TaskNoise
    >>> from mfgp.kernels import CoregionalizationKernel, input_kernel
    >>> kernel = CoregionalizationKernel([input_kernel("rbf", 1)], num_tasks=1, rank=1)
    >>> data = Observations.gather(np.zeros((1, 1)), np.zeros((1, 1)), None)
    >>> known = ExactPosterior(kernel, TaskNoise(1, data.task), data)
    >>> row = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    >>> fantasies = Fantasies(known, row, torch.tensor([[5.0], [-5.0]]).double(), torch.tensor([1e-9]).double())
    >>> [round(value, 3) for value in fantasies.at(row)[0].flatten().tolist()]
    [5.0, -5.0]
    """

    posterior: ExactPosterior
    rows: Tensor
    values: Tensor
    variance: Tensor

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., m) and covariance (..., m, m) of rows (..., m, d + 1), batches being broadcast."""
        batch = torch.broadcast_shapes(rows.shape[:-2], self.rows.shape[:-2])
        parts = [part.expand(*batch, *part.shape[-2:]) for part in (rows, self.rows)]
        mean, covariance = self.posterior.at(torch.cat(parts, dim=-2))
        new = rows.shape[-2]
        corner = covariance[..., new:, new:] + torch.diag_embed(self.variance.expand(*batch, -1))
        lower = _factors(corner)
        half = torch.linalg.solve_triangular(lower, covariance[..., new:, :new], upper=False)
        surprise = (self.values - mean[..., new:]).unsqueeze(-1)
        told = torch.linalg.solve_triangular(lower.expand(*surprise.shape[:-2], -1, -1), surprise, upper=False)
        updated = mean[..., :new] + (half.mT @ told).squeeze(-1)
        remaining = covariance[..., :new, :new] - half.mT @ half
        return updated, remaining.expand(*updated.shape, -1)

    def followed_by(self, rows: Tensor, values: Tensor, variance: Tensor) -> Fantasies:
        """With more observations added to each batch; of a new dimension of batches there is one for each of these."""
        return Fantasies(
            self.posterior,
            _joined(self.rows, rows, -2),
            _joined(self.values, values, -1),
            _joined(self.variance, variance, -1),
        )


def _joined(first: Tensor, second: Tensor, dim: int) -> Tensor:
    batch = torch.broadcast_shapes(first.shape[:dim], second.shape[:dim])
    return torch.cat([part.expand(*batch, *part.shape[dim:]) for part in (first, second)], dim=dim)


def _factors(covariance: Tensor) -> Tensor:
    """Cholesky factors of matrices (..., q, q) in standardised units, each with the smallest jitter that works."""
    added = torch.zeros(covariance.shape[:-2], device=covariance.device)
    failed = torch.ones(covariance.shape[:-2], dtype=torch.bool, device=covariance.device)
    for jitter in JITTERS:
        added = torch.where(failed, jitter, added)
        diagonal = added.unsqueeze(-1).expand(covariance.shape[:-1]).to(covariance)
        lower, failure = torch.linalg.cholesky_ex(covariance + torch.diag_embed(diagonal))
        failed = failure > 0
        if not bool(failed.any()):
            return lower
    raise NumericsError(
        f"the covariance of {covariance.shape[-1]} fantasies is not positive definite even with a jitter of "
        f"{JITTERS[-1]:g}; look for rows, values or noise that are not finite"
    )
