"""The expected gain of one measurement: how much better the best candidate is expected to be once it is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.special import ndtri
from scipy.stats.qmc import Sobol
from torch import Tensor

from mfgp.optimization.acquisition.lines import ExpectedMaximum, expected_maximum
from mfgp.optimization.acquisition.worth import Worth

ENTRIES = 1 << 22  # numbers in an array


class Measurements(NamedTuple):
    """Measurements that could be made, and what each would tell of m candidates, in the tasks' units.

    mean
        (..., m, S) means of the tasks that the worth depends on, at the candidates.
    covariance
        (..., m, S, S) their covariances.
    shift
        (..., m, S) by how much the means move when the measurement is one of its deviations above its mean.
    held
        (m,) whether each candidate can be had without the measurement.
    """

    mean: Tensor
    covariance: Tensor
    shift: Tensor
    held: Tensor


class Fineness(NamedTuple):
    """How finely worth that is not linear is integrated: outcomes of the measurement, and draws beyond it."""

    outcomes: int
    draws: int


def expected_gain(worth: Worth, measurements: Measurements, fineness: Fineness) -> ExpectedMaximum:
    """E max_a E[w(a) | y] - max_h E[w(h)] of each measurement y, a going over its candidates, h over those held.

    Where the worth w is linear in the tasks this is exact: the expected worths are lines in the outcome (Frazier,
    Powell & Dayanik 2009). Else outcomes are integrated by Gauss-Hermite quadrature, and the tasks given an outcome by
    a fixed set of quasi-random normals, so that the gain is never negative, and zero where the measurement tells
    nothing.

    Parameters
    ----------
    worth
        Of a candidate.
    measurements
        Whose gain is wanted.
    fineness
        Of the quadrature.
    """
    form = worth.linear()
    if form is not None:
        weights, offset = form[0].to(measurements.mean), form[1]
        levels, slopes = measurements.mean @ weights + offset, measurements.shift @ weights
        return expected_maximum(levels, slopes, measurements.held, worth.material_gain)
    batch, count = measurements.mean.shape[:-2], measurements.mean.shape[-2]
    tasks = len(worth.tasks)
    mean, shift = (values.reshape(-1, count, tasks) for values in (measurements.mean, measurements.shift))
    covariance = measurements.covariance.reshape(-1, count, tasks, tasks)
    block = max(1, ENTRIES // (count * tasks * fineness.outcomes * fineness.draws))
    parts = [
        _by_quadrature(worth, Measurements(*part, measurements.held), fineness)
        for part in zip(mean.split(block), covariance.split(block), shift.split(block), strict=True)
    ]
    gain, chance = (torch.cat(part).view(batch) for part in zip(*parts, strict=True))
    return ExpectedMaximum(gain, chance)


def expected_worth(worth: Worth, mean: Tensor, covariance: Tensor, draws: int) -> tuple[Tensor, Tensor]:
    """Mean (n,) and deviation (n,) of the worth at candidates with means (n, S) and covariances (n, S, S)."""
    form = worth.linear()
    if form is not None:
        weights, offset = form[0].to(mean), form[1]
        variance = (covariance @ weights @ weights).clamp_min(
            torch.finfo(mean.dtype).tiny
        )  # at zero a root has no slope
        return mean @ weights + offset, variance.sqrt()
    values = worth.at(mean.unsqueeze(-2) + normals(len(worth.tasks), draws).to(mean) @ _root(covariance).mT)
    return values.mean(-1), values.std(-1)


def normals(dimension: int, count: int) -> Tensor:
    """(count, dimension) quasi-random standard normals, the same whenever asked for."""
    points = Sobol(dimension, rng=np.random.default_rng(0)).random(count)
    return torch.from_numpy(ndtri(points.clip(1e-12, 1.0 - 1e-12)))


def _by_quadrature(worth: Worth, measurements: Measurements, fineness: Fineness) -> tuple[Tensor, Tensor]:
    """Of measurements (p,) with m candidates each.

    A candidate's tasks are mean + L e with e standard normal. The outcome z has covariance u = L^-1 shift with e, so
    given z, e is u z + (I - (1 - (1 - |u|^2)^1/2) v v^T) n, where v = u / |u| and n is standard normal.
    """
    mean, covariance, shift, held = measurements
    root = _root(covariance)
    told = torch.linalg.solve_triangular(root, shift.unsqueeze(-1), upper=False).squeeze(-1)
    size = told.square().sum(-1, keepdim=True).clamp_min(1e-24).sqrt()
    direction, size = told / size, size.clamp_max(1.0)
    beyond = normals(len(worth.tasks), fineness.draws).to(mean)
    along = beyond @ direction.mT  # (p, draws, m)
    left = beyond[:, None, :] - (along * (1.0 - (1.0 - size.square()).sqrt()).mT).unsqueeze(-1) * direction.unsqueeze(1)
    nodes, weights = (torch.from_numpy(x).to(mean) for x in np.polynomial.hermite_e.hermegauss(fineness.outcomes))
    weights = weights / weights.sum()
    standard = (direction * size).unsqueeze(1).unsqueeze(1) * nodes[:, None, None, None] + left.unsqueeze(1)
    values = mean[:, None, None] + torch.einsum("pmts,pkqms->pkqmt", root, standard)
    expected = worth.at(values).mean(2)  # (p, outcomes, m)
    before = torch.einsum("k,pkm->pm", weights, expected)
    top = before.masked_fill(~held, -torch.inf).argmax(-1, keepdim=True)
    gain = expected.amax(-1) @ weights - before.gather(-1, top).squeeze(-1)
    level = expected.gather(-1, top.unsqueeze(1).expand(-1, expected.shape[1], 1)).squeeze(-1)
    overtaken = expected.amax(-1) > level + worth.material_gain
    return gain.clamp_min(0.0), overtaken.to(mean) @ weights


def _root(covariance: Tensor) -> Tensor:
    """Lower triangular factors (..., S, S) of covariances that may be singular."""
    scale = covariance.diagonal(dim1=-2, dim2=-1).clamp_min(torch.finfo(covariance.dtype).tiny).sqrt()
    correlation = covariance / (scale.unsqueeze(-1) * scale.unsqueeze(-2))
    correlation = correlation + 1e-8 * torch.eye(scale.shape[-1]).to(covariance)
    return scale.unsqueeze(-1) * torch.linalg.cholesky(correlation)
