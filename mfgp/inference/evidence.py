"""The log evidence of a Gaussian process and its gradient, from one Cholesky factor and one inverse."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mfgp.errors import NumericsError

JITTERS = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4)


class Factor(NamedTuple):
    """Lower Cholesky factor and the jitter, relative to the mean diagonal, that it took."""

    lower: Tensor
    jitter: float


def factorise(covariance: Tensor) -> Factor:
    """Cholesky factor of a matrix of which the lower triangle is read, with the smallest jitter that works.

    Raises
    ------
    NumericsError
        No jitter up to 1e-4 of the mean diagonal suffices, or the matrix is not finite.

    Examples
    --------
    >>> factorise(torch.ones(2, 2, dtype=torch.float64)).jitter
    1e-12
    """
    level = covariance.diagonal().mean()
    for jitter in JITTERS:
        matrix = (
            covariance if jitter == 0.0 else covariance + torch.diag_embed((jitter * level).expand(len(covariance)))
        )
        lower, failure = torch.linalg.cholesky_ex(matrix)
        if failure.item() == 0:
            return Factor(lower, jitter)
    finite = bool(torch.isfinite(covariance.tril()).all())
    raise NumericsError(
        f"the covariance of {len(covariance)} observations "
        + (
            f"is not positive definite even with a jitter of {JITTERS[-1]:g}"
            if finite
            else "holds values that are not finite"
        )
        + "; look for duplicated rows without noise, or give noise="
    )


class _LogEvidence(torch.autograd.Function):
    """log N(y | 0, K + diag(noise)); backward is G = (a a^T - K^-1) / 2 with a = K^-1 y.

    Rasmussen & Williams (2006), equations 2.30 and 5.9. `covariance` is used up: its diagonal is written to.
    """

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, noise: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        covariance.diagonal().add_(noise)
        lower, jitter = factorise(covariance)
        weights = torch.cholesky_solve(y.unsqueeze(-1), lower).squeeze(-1)
        value = -0.5 * torch.dot(y, weights) - lower.diagonal().log().sum() - 0.5 * len(y) * math.log(2.0 * math.pi)
        ctx.save_for_backward(lower, weights)
        applied = y.new_tensor(jitter)
        ctx.mark_non_differentiable(applied)
        return value, applied

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        lower, weights = ctx.saved_tensors
        half = 0.5 * grad.item()
        gradient = torch.cholesky_inverse(lower).addr_(weights, weights, beta=-half, alpha=half)
        return gradient, gradient.diagonal().clone(), -grad * weights


def log_evidence(covariance: Tensor, noise: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """Log density log N(y | 0, covariance + diag(noise)) and the relative jitter that the factorisation took.

    Parameters
    ----------
    covariance
        (N, N), lower triangle; used up.
    noise
        (N,) variances.
    y
        (N,) values.

    Examples
    --------
    >>> one = torch.ones(1, dtype=torch.float64)
    >>> value, jitter = log_evidence(torch.ones(1, 1, dtype=torch.float64), one, one)
    >>> round(value.item(), 4), jitter
    (-1.5155, 0.0)
    """
    value, jitter = _LogEvidence.apply(covariance, noise, y)
    return value, jitter.item()
