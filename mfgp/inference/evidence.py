"""The log evidence of a Gaussian process and its gradient, from one Cholesky factor and one inverse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from scipy.linalg import lapack
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
    raise _failure(covariance)


def _failure(covariance: Tensor) -> NumericsError:
    if not bool(torch.isfinite(covariance.tril()).all()):
        return NumericsError(
            f"the covariance of {len(covariance)} observations holds values that are not finite; "
            "look for values, inputs or noise that are not finite or too large to be squared"
        )
    return NumericsError(
        f"the covariance of {len(covariance)} observations is not positive definite even with a jitter of "
        f"{JITTERS[-1]:g}; look for duplicated rows without noise, or give noise="
    )


class Evidence(NamedTuple):
    """Log evidence with its derivatives by the covariance (N, N; lower triangle) and by the values (N,)."""

    value: float
    by_covariance: Tensor
    jitter: float


def evidence_and_gradient(fill: Callable[[], Tensor], y: Tensor) -> Evidence:
    """Log N(y | 0, C) and G = (a a^T - C^-1) / 2 with a = C^-1 y, which is written over C.

    Rasmussen & Williams (2006), equations 2.30 and 5.9. On the CPU the factor and the inverse are made in place, by
    LAPACK's potrf and potri.

    Parameters
    ----------
    fill
        Gives C, noise and all, of which the lower triangle is read. It is called again for each jitter that is tried.
    y
        (N,) values.

    Raises
    ------
    NumericsError
        As :func:`factorise`.

    Examples
    --------
    >>> evidence = evidence_and_gradient(lambda: torch.eye(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    >>> round(evidence.value, 4), evidence.by_covariance.item()
    (-1.4189, 0.0)
    """
    for jitter in JITTERS:
        covariance = fill()
        if jitter:
            covariance.diagonal().add_(jitter * covariance.diagonal().mean())
        outcome = _in_place(covariance, y) if covariance.device.type == "cpu" else _on_device(covariance, y)
        if outcome is not None:
            half_log_determinant, weights, inverse = outcome
            value = -0.5 * torch.dot(y, weights).item() - half_log_determinant - 0.5 * len(y) * math.log(2.0 * math.pi)
            return Evidence(value, inverse.addr_(weights, weights, beta=-0.5, alpha=0.5), jitter)
    raise _failure(fill())


def _in_place(covariance: Tensor, y: Tensor) -> tuple[float, Tensor, Tensor] | None:
    matrix = covariance.numpy().T  # LAPACK counts by columns: the lower triangle is the upper one to it
    factor, failure = lapack.dpotrf(matrix, lower=0, clean=0, overwrite_a=1)
    if failure:
        return None
    half_log_determinant = covariance.diagonal().log().sum().item()
    if not math.isfinite(half_log_determinant):
        return None
    weights, _ = lapack.dpotrs(factor, y.numpy(), lower=0)
    lapack.dpotri(factor, lower=0, overwrite_c=1)
    return half_log_determinant, torch.from_numpy(weights), covariance


def inverse_of_factor(lower: Tensor) -> Tensor:
    """The inverse (N, N) of a matrix, whole, from its lower Cholesky factor.

    Examples
    --------
    >>> inverse_of_factor(torch.tensor([[2.0, 0.0], [1.0, 1.0]], dtype=torch.float64)).tolist()
    [[0.5, -0.5], [-0.5, 1.0]]
    """
    if lower.device.type != "cpu":
        return torch.cholesky_inverse(lower).contiguous()
    inverse = lower.clone(memory_format=torch.contiguous_format)
    lapack.dpotri(inverse.numpy().T, lower=0, overwrite_c=1)
    return inverse.tril_().add_(inverse.tril(-1).T)


def _on_device(covariance: Tensor, y: Tensor) -> tuple[float, Tensor, Tensor] | None:
    lower, failure = torch.linalg.cholesky_ex(covariance)
    half_log_determinant = lower.diagonal().log().sum().item()
    if failure.item() or not math.isfinite(half_log_determinant):
        return None
    weights = torch.cholesky_solve(y.unsqueeze(-1), lower).squeeze(-1)
    return half_log_determinant, weights, inverse_of_factor(lower)


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
