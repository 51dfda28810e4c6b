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
    """(2048, m, T') draws of the tasks asked for at m rows, each given what is known at that row.

    Each row by itself has the distribution that is predicted for it; errors of those predictions are correlated as the
    process says. Where predictions are averages over the hyperparameters, each draw of these makes its share of the
    draws.
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
    x = predictor.tensor(rows)
    task = torch.tensor(predictor.places).to(x).repeat(len(x)).unsqueeze(-1)
    distribution = member.posterior(
        torch.cat([x.repeat_interleave(len(predictor.places), 0), task], dim=-1)
    ).distribution
    mean, covariance = distribution.mean, distribution.covariance_matrix
    known, noise = predictor.known(rows)
    if known is not None:
        mean, covariance = _given(mean, covariance, torch.from_numpy(known).to(x), torch.from_numpy(noise).to(x))
    if predictor.observed:
        covariance = covariance + torch.diag(member.noise_scale()[predictor.places].square().repeat(len(x)))
    scale = covariance.diagonal().clamp_min(0.0).sqrt()
    safe = torch.where(scale > 0.0, scale, 1.0)
    correlation = covariance / safe / safe.unsqueeze(-1)
    correlation.diagonal().fill_(1.0 + 1e-10)
    lower = factorise(correlation).lower
    return (mean + torch.from_numpy(normals).to(x) @ lower.T * scale).cpu().numpy()


def _given(mean: Tensor, covariance: Tensor, values: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Predictions of each row given its own values (m, T), NaN where not known, and the covariance of their errors.

    With the gain A of a row, its prediction is mean + A (value - mean), and the error (I - A) f - A e, where f is what
    is left of the process and e the noise of the value (Rasmussen & Williams 2006, equation A.6).
    """
    rows, tasks = values.shape
    known = (~values.isnan()).to(covariance)
    blocks = covariance.view(rows, tasks, rows, tasks)
    own = blocks.diagonal(dim1=0, dim2=2).permute(2, 0, 1)
    variance = torch.where(known > 0.0, noise.square(), 0.0)
    system = own * known.unsqueeze(-1) * known.unsqueeze(-2) + torch.diag_embed(variance + 1.0 - known)
    gain = torch.linalg.solve(system, own * known.unsqueeze(-1)).mT
    surprise = torch.where(known > 0.0, values - mean.view(rows, tasks), 0.0)
    left = torch.eye(tasks).to(gain) - gain
    error = torch.einsum("iab,ibjc,jdc->iajd", left, blocks, left)
    error.diagonal(dim1=0, dim2=2).add_(((gain * variance.unsqueeze(-2)) @ gain.mT).permute(1, 2, 0))
    after = mean + (gain @ surprise.unsqueeze(-1)).flatten()
    return after, error.reshape(rows * tasks, rows * tasks)
