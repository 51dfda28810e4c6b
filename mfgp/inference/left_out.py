"""Predictions of observations from the others, at fixed parameters: leave-one-out and its like in closed form."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.inference.evidence import inverse_of_factor
from mfgp.inference.posterior import BLOCK_ENTRIES, ExactPosterior, Joint
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


@torch.no_grad()
def left_out_joint(posterior: ExactPosterior, x: Tensor, group: Tensor, group_of_row: Tensor) -> Joint:
    """Joint distribution of all tasks at rows, each row without the observations of its group, noise not included.

    With A the inverse of the observations' covariance C, a = A y, and v = A k of the covariance k of a task at a row
    with the observations, leaving a group g out changes the mean k^T a by -v_g^T A_gg^-1 a_g and the covariances
    k(x, x) - k^T A k by v_g^T A_gg^-1 v_g: the precision of the observations without g is that of all, conditioned on
    g. All of a row's tasks are predicted, whether they were observed or not.

    Parameters
    ----------
    posterior
        Of all observations.
    x
        (n, d) standardised inputs.
    group
        (N,) integer label of each observation's group.
    group_of_row
        (n,) which group is left out at a row; one that no observation has leaves nothing out.
    """
    labels, place = torch.unique(group, return_inverse=True)
    order, sizes = torch.argsort(place, stable=True), torch.bincount(place)
    starts = sizes.cumsum(0) - sizes
    joint = posterior.joint(x)
    found = torch.searchsorted(labels, group_of_row).clamp_max(len(labels) - 1)
    size_of_row = torch.where(labels[found] == group_of_row, sizes[found], 0)
    with one_thread():
        inverse_root = torch.linalg.solve_triangular(posterior.lower, torch.eye(len(group)).to(x), upper=False).T
        for size in size_of_row[size_of_row > 0].unique().tolist():
            of_this_size = torch.nonzero(size_of_row == size).squeeze(-1)
            for rows in of_this_size.split(max(1, BLOCK_ENTRIES // (size * len(group)))):
                here = order[starts[found[rows]].unsqueeze(-1) + torch.arange(size, device=order.device)]
                root = inverse_root[here]
                lower = torch.linalg.cholesky(root @ root.mT)
                reach = torch.linalg.solve_triangular(lower, root @ posterior.halves(x[rows])[1].mT, upper=False)
                own = torch.linalg.solve_triangular(lower, posterior.weights[here].unsqueeze(-1), upper=False)
                joint.mean[rows] -= (reach.mT @ own).squeeze(-1)
                joint.covariance[rows] += reach.mT @ reach
    return joint
