"""Draws of the tasks at several rows together: rows that are alike turn out alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtri
from scipy.stats.qmc import Sobol
from torch import Tensor

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.regressor import Regressor
from mfgp.inference.evidence import factorise
from mfgp.inference.threads import one_thread
from mfgp.model import TaskGP
from mfgp.screening.predictor import TaskPredictor, members_of

DRAWS = 2048
MOST_ROWS = 1000  # that are drawn together


def has_joint(model: Regressor) -> bool:
    """Whether rows have a joint normal distribution: tasks that are numbers, of one process over (input, task)."""
    return isinstance(model, TaskRegressor) and TaskPredictor.supports(model)


@torch.no_grad()
def joint_draws(model: TaskRegressor, predictor: TaskPredictor, rows: pd.DataFrame, seed: int = 0) -> np.ndarray:
    """(2048, m, T') draws of the tasks asked for at m rows, given what is known there.

    Where predictions are averages over the hyperparameters, each draw of these makes its share of the draws.
    """
    members = members_of(model)
    counts = np.diff(np.linspace(0, DRAWS, len(members) + 1).astype(int))
    width = len(rows) * len(predictor.places)
    normals = ndtri(Sobol(width, rng=seed).random(DRAWS).clip(1e-10, 1.0 - 1e-10))
    found, start = [], 0
    with one_thread():
        for member, count in zip(members, counts, strict=True):
            found.append(_draws(member, predictor, rows, normals[start : start + count]))
            start += count
    return np.concatenate(found).reshape(DRAWS, len(rows), -1)


def _draws(member: TaskGP, predictor: TaskPredictor, rows: pd.DataFrame, normals: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(predictor.read(rows))
    task = torch.tensor(predictor.places, dtype=x.dtype).repeat(len(x)).unsqueeze(-1)
    distribution = member.posterior(
        torch.cat([x.repeat_interleave(len(predictor.places), 0), task], dim=-1)
    ).distribution
    mean, covariance = distribution.mean, distribution.covariance_matrix
    known, noise = predictor.known(rows)
    if known is not None:
        mean, covariance = _given(mean, covariance, *(torch.from_numpy(each).flatten() for each in (known, noise)))
    if predictor.observed:
        covariance = covariance + torch.diag(member.noise_scale()[predictor.places].square().repeat(len(x)))
    scale = covariance.diagonal().clamp_min(0.0).sqrt()
    safe = torch.where(scale > 0.0, scale, 1.0)
    correlation = covariance / safe / safe.unsqueeze(-1)
    correlation.diagonal().fill_(1.0 + 1e-10)
    lower = factorise(correlation).lower
    return (mean + torch.from_numpy(normals) @ lower.T * scale).numpy()


def _given(mean: Tensor, covariance: Tensor, values: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Normal distribution given some of its values with noise (Rasmussen & Williams 2006, equation A.6)."""
    known = ~values.isnan()
    if not known.any():
        return mean, covariance
    system = covariance[known][:, known] + torch.diag(noise[known].square())
    lower = factorise(system).lower
    half = torch.linalg.solve_triangular(lower, covariance[known], upper=False)
    surprise = torch.linalg.solve_triangular(lower, (values - mean)[known].unsqueeze(-1), upper=False)
    return mean + (half.T @ surprise).squeeze(-1), covariance - half.T @ half
