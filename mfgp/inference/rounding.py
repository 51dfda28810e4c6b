"""Rounding of a posterior covariance: a small difference of large numbers."""

from __future__ import annotations

from torch import Tensor

ROUNDING = 1e-13  # of the prior variance, what rounding of the difference may come to


def above_rounding(prior: Tensor, explained: Tensor) -> Tensor:
    """Prior less explained covariance, (n, T, T), with variances raised by what rounding may have taken from them.

    Where a value is known exactly, the difference is rounding alone, of either sign; a covariance of tasks is to be
    positive definite there too.

    Examples
    --------
    >>> import torch
    >>> one = torch.ones(1, 1, 1, dtype=torch.float64)
    >>> above_rounding(one, one).item()
    1e-13
    """
    covariance = prior - explained
    variance = covariance.diagonal(dim1=-2, dim2=-1)
    variance.clamp_min_(0.0).add_(prior.diagonal(dim1=-2, dim2=-1), alpha=ROUNDING)
    return covariance
