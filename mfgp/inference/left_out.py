"""Predictions of observations from the others, at fixed parameters: leave-one-out and its like in closed form."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.inference.evidence import inverse_of_factor
from mfgp.inference.posterior import ExactPosterior
from mfgp.inference.threads import one_thread


class LeftOut(NamedTuple):
    """What the other groups say of each observation, noise included.

    Parameters
    ----------
    mean, variance
        (N,) of each observation by itself.
    log_density
        (G,) of each group's observations together, in the standardised units of the observations; groups in ascending
        order of their labels.
    """

    mean: Tensor
    variance: Tensor
    log_density: Tensor


@torch.no_grad()
def left_out(posterior: ExactPosterior, group: Tensor) -> LeftOut:
    """Predict each group of observations from all the others, at the posterior's parameters.

    With B a group's block of the inverse covariance and a its part of C^-1 y, the group has the mean y - B^-1 a and the
    covariance B^-1 (Rasmussen & Williams 2006, section 5.4.2, for groups of one; Vehtari et al. 2016, JMLR 17 (103)).
    One inverse serves all groups.

    Parameters
    ----------
    posterior
        Of all observations.
    group
        (N,) integer label of each observation's group.

    Examples
    --------
    >>> from mfgp.data import Observations
    >>> from mfgp.inference import TaskNoise
    >>> from mfgp.kernels import CoregionalizationKernel, input_kernel
    >>> import numpy as np
    >>> data = Observations.gather(np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]]), np.zeros((2, 1)) + 0.1)
    >>> kernel = CoregionalizationKernel([input_kernel("rbf", 1)], num_tasks=1, rank=1)
    >>> found = left_out(ExactPosterior(kernel, TaskNoise(1, data.task, data.noise), data), torch.tensor([0, 1]))
    >>> print(round(found.mean[0].item(), 4))  # of prior variance 1 + 0.3^2 + 1 and noise variance 0.01
    0.9952
    """
    y, weights = posterior.observations.y, posterior.weights
    mean, variance = torch.empty_like(y), torch.empty_like(y)
    labels = torch.unique(group, return_inverse=True)[1]
    order = torch.argsort(labels, stable=True)
    sizes = torch.bincount(labels)
    starts = sizes.cumsum(0) - sizes
    log_density = y.new_empty(len(sizes))
    with one_thread():
        inverse = inverse_of_factor(posterior.lower)
        for size in sizes.unique().tolist():
            of_this_size = torch.nonzero(sizes == size).squeeze(-1)
            members = order[starts[of_this_size].unsqueeze(-1) + torch.arange(size, device=order.device)]
            lower = torch.linalg.cholesky(inverse[members.unsqueeze(-1), members.unsqueeze(-2)])
            part = weights[members].unsqueeze(-1)
            mean[members] = y[members] - torch.cholesky_solve(part, lower).squeeze(-1)
            variance[members] = torch.cholesky_inverse(lower).diagonal(dim1=-2, dim2=-1)
            squares = torch.linalg.solve_triangular(lower, part, upper=False).square().sum((-1, -2))
            half_log_determinant = lower.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            log_density[of_this_size] = half_log_determinant - 0.5 * (squares + size * math.log(2.0 * math.pi))
    return LeftOut(mean, variance, log_density)
