"""What is known of some tasks at a row, and what it says of the others there."""

from __future__ import annotations

import numpy as np
import torch

from mfgp.errors import DataError

_LEAST_EIGENVALUE = 1e-10  # of the known values' correlation matrix, which rounding can make indefinite


def condition(
    means: np.ndarray, covariance: np.ndarray, values: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Update each row's joint distribution by the tasks known there: T x T algebra, row by row.

    Rasmussen & Williams (2006), equation A.6; the same as adding the values to the training data and predicting that
    row again, at the same hyperparameters.

    Parameters
    ----------
    means, covariance
        (n, T) and (n, T, T) before.
    values
        (n, T) known values, NaN where a task is not known.
    variance
        (n, T) noise variances of the known values.

    Returns
    -------
    (n, T) means and (n, T, T) covariances after.

    Examples
    --------
    >>> mean, cov = np.zeros((1, 2)), np.array([[[1.0, 0.8], [0.8, 1.0]]])
    >>> after, spread = condition(mean, cov, np.array([[2.0, np.nan]]), np.zeros((1, 2)))
    >>> after[0, 1].item(), round(spread[0, 1, 1].item(), 4)
    (1.6, 0.36)
    """
    if values.shape != means.shape:
        raise DataError(f"the given values have shape {values.shape}, expected {means.shape} (rows, tasks)")
    known = ~np.isnan(values)
    if not known.any():
        return means, covariance
    touched = known.any(axis=1)
    mask = known[touched].astype(float)
    system, scale = _system(covariance[touched], values[touched], variance[touched])
    prior = covariance[touched] / scale[:, :, None] / scale[:, None, :]
    gain = torch.cholesky_solve(torch.from_numpy(prior * mask[:, :, None]), _factor(system)).numpy()
    surprise = np.where(known, values - means, 0.0)[touched] / scale
    after_means, after_covariance = means.copy(), covariance.copy()
    after_means[touched] += scale * np.einsum("nkt,nk->nt", gain, surprise)
    reduction = np.einsum("nkt,nks->nts", gain, prior * mask[:, :, None])
    after_covariance[touched] -= reduction * scale[:, :, None] * scale[:, None, :]
    variances = np.einsum("ntt->nt", after_covariance)
    np.maximum(variances, 0.0, out=variances)
    return after_means, after_covariance


def log_density_of_known(
    means: np.ndarray, covariance: np.ndarray, values: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    """Log density of each row's known values together, 0 where none is known.

    Parameters
    ----------
    means, covariance, values, variance
        As for :func:`condition`.

    Returns
    -------
    (n,) log densities.

    Examples
    --------
    >>> mean, cov = np.zeros((2, 2)), np.ones((2, 1, 1)) * np.array([[1.0, 0.8], [0.8, 1.0]])
    >>> log_density_of_known(mean, cov, np.array([[2.0, np.nan], [np.nan] * 2]), np.zeros((2, 2))).round(3).tolist()
    [-2.919, 0.0]
    """
    known = ~np.isnan(values)
    system, scale = _system(covariance, values, variance)
    lower = _factor(system)
    surprise = torch.from_numpy(np.where(known, values - means, 0.0) / scale).unsqueeze(-1)
    squares = torch.linalg.solve_triangular(lower, surprise, upper=False).square().sum((1, 2)).numpy()
    log_determinant = 2.0 * torch.log(lower.diagonal(dim1=1, dim2=2)).sum(1).numpy()
    constants = np.where(known, np.log(2.0 * np.pi) + 2.0 * np.log(scale), 0.0).sum(axis=1)
    return 0.0 - 0.5 * (squares + log_determinant + constants)


def _system(covariance: np.ndarray, values: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariance (n, T, T) of the known values, of unit diagonal, those not known apart; and their scales (n, T)."""
    known = ~np.isnan(values)
    total = np.diagonal(covariance, axis1=1, axis2=2) + variance
    scale = np.sqrt(np.where(total > 0.0, total, 1.0))
    system = covariance / scale[:, :, None] / scale[:, None, :] * known[:, :, None] * known[:, None, :]
    diagonal = np.arange(values.shape[1])
    system[:, diagonal, diagonal] = np.where(known, total > 0.0, 1.0)
    return system, scale


def _factor(system: np.ndarray) -> torch.Tensor:
    """Cholesky factors of systems that are positive definite but for rounding, whose small eigenvalues are raised."""
    matrices = torch.from_numpy(system)
    lower, failure = torch.linalg.cholesky_ex(matrices)
    tied = failure > 0
    if tied.any():
        values, vectors = torch.linalg.eigh(matrices[tied])
        least = (2.0 * values[:, :1].abs()).clamp_min(_LEAST_EIGENVALUE)  # the most negative one is rounding alone
        lower[tied] = torch.linalg.cholesky(vectors * torch.maximum(values, least).unsqueeze(-2) @ vectors.mT)
    return lower
