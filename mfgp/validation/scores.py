"""Scores of predictions: each a function of the truth, the mean and the standard deviation, one number out.

Predictions are taken to be normal. R2 and the rank correlation need more than one value, and are NaN without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

Array: TypeAlias = NDArray[np.float64]
Score: TypeAlias = Callable[[Array, Array, Array], float]

LEVEL = 0.9
FEWEST_RANKED = 3


def mae(truth: Array, mean: Array, std: Array) -> float:
    """Mean absolute error, in the task's unit."""
    return float(mean_absolute_error(truth, mean))


def rmse(truth: Array, mean: Array, std: Array) -> float:
    """Root of the mean squared error, in the task's unit."""
    return float(root_mean_squared_error(truth, mean))


def r2(truth: Array, mean: Array, std: Array) -> float:
    """Share of the values' variance that is explained: 1 for no error, 0 for the error of their mean, or negative."""
    return float(r2_score(truth, mean)) if len(truth) > 1 else float("nan")


def spearman(truth: Array, mean: Array, std: Array) -> float:
    """Rank correlation of values and means: 1 if the order is right; NaN of fewer than three values, or equal ones.

    Examples
    --------
    >>> spearman(np.array([1.0, 2.0, 30.0]), np.array([0.0, 5.0, 6.0]), np.ones(3))
    1.0
    """
    if len(truth) < FEWEST_RANKED or np.ptp(truth) == 0.0 or np.ptp(mean) == 0.0:
        return float("nan")
    return float(spearmanr(truth, mean).statistic)


def nlpd(truth: Array, mean: Array, std: Array) -> float:
    """Negative log predictive density of a value, averaged: lower is better, in nats (Quinonero-Candela et al. 2006).

    Examples
    --------
    >>> round(nlpd(np.array([1.0]), np.array([0.0]), np.array([2.0])), 4)  # log(2) + log(2 pi) / 2 + 1 / 8
    1.7371
    """
    return float(-norm.logpdf(truth, mean, std).mean())


def crps(truth: Array, mean: Array, std: Array) -> float:
    """Continuous ranked probability score, averaged: lower is better, in the task's unit.

    Proper, as the log density is, but it grows only linearly with an error, so a single value far out does not decide
    all. For a certain prediction it is the absolute error (Gneiting & Raftery 2007, J. Am. Stat. Assoc. 102, 359, eq.
    20 and 21).

    Examples
    --------
    >>> round(crps(np.array([0.0]), np.array([0.0]), np.array([1.0])), 4)  # sqrt(2 / pi) - 1 / sqrt(pi)
    0.2337
    """
    certain = std == 0.0
    z = (truth - mean) / np.where(certain, 1.0, std)
    uncertain = std * (z * (2.0 * norm.cdf(z) - 1.0) + 2.0 * norm.pdf(z) - 1.0 / np.sqrt(np.pi))
    return float(np.where(certain, np.abs(truth - mean), uncertain).mean())


def interval_score(truth: Array, mean: Array, std: Array) -> float:
    """Width of the 90% interval plus 20 times what values lie outside by, averaged: lower is better, in the unit.

    Gneiting & Raftery (2007), eq. 43.

    Examples
    --------
    >>> round(interval_score(np.array([0.0, 2.0]), np.zeros(2), np.ones(2)), 4)  # 2 q + (2 - q) 20 / 2, q = 1.6449
    6.8412
    """
    reach = norm.ppf(0.5 + LEVEL / 2.0) * std
    outside = np.maximum(np.abs(truth - mean) - reach, 0.0)
    return float((2.0 * reach + 2.0 / (1.0 - LEVEL) * outside).mean())


def sharpness(truth: Array, mean: Array, std: Array) -> float:
    """Mean standard deviation, in the task's unit: of two that are as well calibrated, the smaller tells more."""
    return float(std.mean())


def coverage(truth: Array, mean: Array, std: Array, level: float) -> float:
    """Share of the values that lie in their central interval of a level: the level if the deviations are right."""
    return float((np.abs(truth - mean) <= norm.ppf(0.5 + level / 2.0) * std).mean())


def coverage50(truth: Array, mean: Array, std: Array) -> float:
    """Share of the values in their 50% interval."""
    return coverage(truth, mean, std, 0.5)


def coverage80(truth: Array, mean: Array, std: Array) -> float:
    """Share of the values in their 80% interval."""
    return coverage(truth, mean, std, 0.8)


def coverage90(truth: Array, mean: Array, std: Array) -> float:
    """Share of the values in their 90% interval.

    Examples
    --------
    >>> coverage90(np.array([1.6, 1.7]), np.zeros(2), np.ones(2))
    0.5
    """
    return coverage(truth, mean, std, LEVEL)


def coverage95(truth: Array, mean: Array, std: Array) -> float:
    """Share of the values in their 95% interval."""
    return coverage(truth, mean, std, 0.95)


SCORES: Mapping[str, Score] = {
    score.__name__: score
    for score in (
        mae,
        rmse,
        r2,
        spearman,
        nlpd,
        crps,
        interval_score,
        coverage50,
        coverage80,
        coverage90,
        coverage95,
        sharpness,
    )
}

#: Scores of which less is better, so that they can be compared; the others are R2, ranks and coverage.
LOSSES = ("mae", "rmse", "nlpd", "crps", "interval_score")


def all_scores(truth: Array, mean: Array, std: Array) -> dict[str, float]:
    """Every score by name."""
    return {name: score(truth, mean, std) for name, score in SCORES.items()}
