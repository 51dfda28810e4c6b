"""Values that were left out, predicted by the maximum of the others' posterior, and by draws of the hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.fitting import fit
from mfgp.inference.left_out import left_out
from mfgp.inference.noise import TaskNoise
from mfgp.inference.posterior import ExactPosterior
from mfgp.kernels import TaskKernel

MOST_FITS = 10


def some_of_scarcest(observations: Observations) -> Tensor:
    """Places of the values of the task that has fewest, at most ten, at even steps in the order of the inputs."""
    counts = torch.bincount(observations.task)
    scarcest = int(torch.where(counts > 0, counts, counts.max() + 1).argmin())
    places = torch.nonzero(observations.task == scarcest).squeeze(-1)
    steps = torch.linspace(0, len(places) - 1, min(MOST_FITS, len(places))).round().long()
    return places[steps.to(places.device)]


def density_at_maximum(kernel: TaskKernel, noise: TaskNoise, observations: Observations, places: Tensor) -> np.ndarray:
    """Log densities of values, each predicted by a new fit without its row.

    Parameters
    ----------
    kernel, noise
        Of what kind the fits are; copies of them are fitted.
    observations
        Standardised observations.
    places
        (m,) which values.

    Returns
    -------
    (m,) log densities of the observed values, noise included, in standardised units.
    """
    found = []
    for place in places.tolist():
        others = observations.take(observations.row != observations.row[place])
        own_kernel, own_noise = deepcopy(kernel), deepcopy(noise)
        fit(own_kernel, own_noise, others)
        task = int(observations.task[place])
        joint = ExactPosterior(own_kernel, own_noise, others).joint(observations.x[place].unsqueeze(0))
        typical = own_noise.task_variance().detach()[task]
        own = observations.noise[place].square()
        variance = joint.covariance[0, task, task] + (typical if own.isnan() else own)
        deviation = float(variance.clamp_min(1e-24).sqrt())
        found.append(norm.logpdf(float(observations.y[place]), float(joint.mean[0, task]), deviation))
    return np.array(found)


def density_of_draws(posteriors: Sequence[ExactPosterior], places: Tensor) -> np.ndarray:
    """Log densities of values, each predicted by draws of the hyperparameters without its row.

    A draw given all values counts, given all but a row's, by the inverse of its density of that row's (Gelfand, Dey &
    Chang 1992), no draw by more than the mean weight times the root of their number (Ionides 2008).

    Parameters
    ----------
    posteriors
        Of the same observations, at each of K draws.
    places
        (m,) which values.

    Returns
    -------
    (m,) as :func:`density_at_maximum`.
    """
    observations = posteriors[0].observations
    group = torch.unique(observations.row, return_inverse=True)[1]
    densities, log_weights = [], []
    for posterior in posteriors:
        found = left_out(posterior, group)
        deviation = found.variance[places].clamp_min(1e-24).sqrt()
        normal = norm(found.mean[places].cpu().numpy(), deviation.cpu().numpy())
        densities.append(normal.logpdf(observations.y[places].cpu().numpy()))
        log_weights.append(-found.log_density[group[places]].cpu().numpy())
    weights = np.array(log_weights) - logsumexp(log_weights, axis=0)
    weights = np.minimum(weights, -0.5 * np.log(len(posteriors)))
    return np.asarray(logsumexp(np.array(densities) + weights, axis=0) - logsumexp(weights, axis=0))
