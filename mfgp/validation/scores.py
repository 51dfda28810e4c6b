"""Scores of normal predictions: each a function of the truth, the mean and the standard deviation, one number out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

Array: TypeAlias = NDArray[np.float64]
Score: TypeAlias = Callable[[Array, Array, Array], float]

LEVEL = 0.9


def mae(truth: Array, mean: Array, std: Array) -> float:
    """Mean absolute error, in the task's unit."""
    return float(mean_absolute_error(truth, mean))


def rmse(truth: Array, mean: Array, std: Array) -> float:
    """Root of the mean squared error, in the task's unit."""
    return float(root_mean_squared_error(truth, mean))


def nlpd(truth: Array, mean: Array, std: Array) -> float:
    """Negative log predictive density of a value, averaged: lower is better, in nats (Quinonero-Candela et al. 2006).

    Examples
    --------
    >>> round(nlpd(np.array([1.0]), np.array([0.0]), np.array([2.0])), 4)  # log(2) + log(2 pi) / 2 + 1 / 8
    1.7371
    """
    return float(-norm.logpdf(truth, mean, std).mean())


def coverage90(truth: Array, mean: Array, std: Array) -> float:
    """Share of the values that lie in their central 90% interval: 0.9 if the deviations are right.

    Examples
    --------
    >>> coverage90(np.array([1.6, 1.7]), np.zeros(2), np.ones(2))
    0.5
    """
    return float((np.abs(truth - mean) <= norm.ppf(0.5 + LEVEL / 2) * std).mean())


SCORES: Mapping[str, Score] = {"mae": mae, "rmse": rmse, "nlpd": nlpd, "coverage90": coverage90}
