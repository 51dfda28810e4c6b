"""What is estimated of a function's values: moments, quantiles, shares; each with its standard error.

A statistic takes values (r, replicates, points) at r rows and a tolerance. It gives estimates (r, m), their standard
errors (r, m), and (r,) by how many times the largest is larger than allowed, at least one. Errors are those of ratios
over replicates, whose numbers of valid draws differ.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from mfgp.prediction.quadrature import Statistic


def moments(values: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of the finite values, and the share of the others.

    The errors of mean and deviation are allowed to be the tolerance times the deviation. That of the deviation gives
    away values that have no moments.
    """
    valid, count, total = _counts(np.isfinite(values))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = _masked(values, valid).sum(axis=(1, 2)) / total
        deviations = _masked(values - mean[:, None, None], valid)
        squares = np.einsum("rkp,rkp->rk", deviations, deviations)
        variance = squares.sum(axis=1) / total
        std = np.sqrt(variance)
        of_mean = _error(deviations.sum(axis=2), total)
        of_variance = _error(squares - variance[:, None] * count, total)
        of_std = np.where(of_variance == 0.0, 0.0, of_variance / (2.0 * std))
        excess = _excess(np.maximum(of_mean, of_std), tolerance * std, total)
    invalid, of_invalid = _invalid(values, count)
    return np.stack([mean, std, invalid], axis=1), np.stack([of_mean, of_std, of_invalid], axis=1), excess


def quantiles(*probabilities: float) -> Statistic:
    """Quantiles of the finite values.

    The error is that of the share below, turned into values by the quantiles next to it. It is allowed to be twice the
    tolerance times the spread, which is the deviation if the values are normal, and exists if they have no moments.
    """

    def statistic(values: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        valid, count, total = _counts(np.isfinite(values))
        values = values if valid is None else np.where(valid, values, np.nan)
        ordered = np.sort(values.reshape(len(values), -1), axis=1)
        found, errors = [], []
        for probability in probabilities:
            value = _at(ordered, total, np.full(len(total), probability))
            below = (values <= value[:, None, None]).sum(axis=2) - probability * count
            reach = _error(below, total)
            errors.append((_at(ordered, total, probability + reach) - _at(ordered, total, probability - reach)) / 2.0)
            found.append(value)
        value, error = np.stack(found, axis=1), np.stack(errors, axis=1)
        lower, upper = (_at(ordered, total, np.full(len(total), bound)) for bound in (0.05, 0.95))
        spread = (upper - lower) / (ndtri(0.95) - ndtri(0.05))
        return value, error, _excess(error.max(axis=1, initial=0.0), 2.0 * tolerance * spread, total)

    return statistic


def share(values: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of ones among ones and zeros, or mean of what lies between; and the share of NaN.

    The error is allowed to be half the tolerance: 1/2 is the largest deviation that such values can have. It is no
    smaller than one draw, where these are ones and zeros.
    """
    valid, count, total = _counts(~np.isnan(values))
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = _masked(values, valid).sum(axis=2)
        value = sums.sum(axis=1) / total
        error = _error(sums - value[:, None] * count, total)
        counted = ((values == 0.0) | (values == 1.0) | np.isnan(values)).all(axis=(1, 2))
        error = np.where(counted, np.maximum(error, 1.0 / total), error)
    invalid, of_invalid = _invalid(values, count)
    excess = _excess(error, np.full(len(total), tolerance / 2.0), total)
    return np.stack([value, invalid], axis=1), np.stack([error, of_invalid], axis=1), excess


def _counts(valid: np.ndarray) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Which values (r, replicates, points) count, None for all; how many of a replicate, and of all."""
    count = valid.sum(axis=2)
    return None if valid.all() else valid, count, count.sum(axis=1)


def _masked(values: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    return values if valid is None else np.where(valid, values, 0.0)


def _invalid(values: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of values that do not count, and its error."""
    draws = values.shape[1] * values.shape[2]
    return 1.0 - count.sum(axis=1) / draws, _error(count.astype(float), draws)


def _error(sums: np.ndarray, total: np.ndarray | int) -> np.ndarray:
    """Standard error of the sum over replicates (r, replicates), as a share of the total."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums.std(axis=1, ddof=1) * np.sqrt(sums.shape[1]) / total


def _excess(error: np.ndarray, allowed: np.ndarray, total: np.ndarray) -> np.ndarray:
    """How many times too large the errors are; where no value counts, more draws will not help."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((error <= allowed) | (total == 0), 1.0, error / allowed)
    return np.where(np.isnan(ratio), np.inf, ratio)


def _at(ordered: np.ndarray, total: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Quantiles (r,) of values (r, s) in ascending order, of which the first `total` count."""
    last = np.maximum(total - 1, 0)
    place = np.nan_to_num(probability * total - 0.5).clip(0.0, last)
    lower = np.floor(place).astype(int)
    upper = np.minimum(lower + 1, last)
    rows = np.arange(len(ordered))
    left, right = ordered[rows, lower], ordered[rows, upper]
    return left + (place - lower) * (right - left)
