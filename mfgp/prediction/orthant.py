"""Probabilities of boxes under normal distributions, row by row."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, owens_t

TIED = 1e-14  # what a correlation may lack of one


def interval_probability(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """P(lower < z < upper) of a standard normal, elementwise, from the tail that is the smaller."""
    flip = lower > 0.0
    low, high = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    return (ndtr(high) - ndtr(low)).clip(min=0.0)


def bivariate_cdf(h: np.ndarray, k: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """P(z1 < h, z2 < k) of standard normals with a correlation, elementwise, by Owen's T function (Owen 1956).

    Examples
    --------
    >>> bivariate_cdf(np.zeros(1), np.zeros(1), np.array([0.5])).round(8)  # 1/4 + asin(rho) / (2 pi) = 1/3
    array([0.33333333])
    """
    tied = 1.0 - np.abs(correlation) < TIED
    rho = np.where(tied, 0.0, correlation)
    h, k = (np.clip(bound, -40.0, 40.0) for bound in (h, k))
    root = np.sqrt(1.0 - rho**2)
    apart = 0.5 * (ndtr(h) + ndtr(k)) - _owen(h, k, rho, root) - _owen(k, h, rho, root)
    apart -= np.where((h * k < 0.0) | ((h * k == 0.0) & (h + k < 0.0)), 0.5, 0.0)
    together = np.where(correlation > 0.0, ndtr(np.minimum(h, k)), (ndtr(h) - ndtr(-k)).clip(min=0.0))
    return np.where(tied, together, apart).clip(0.0, 1.0)


def rectangle_probability(lower: np.ndarray, upper: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """P(lower < z < upper) of two standard normals (n, 2) with a correlation (n,)."""
    flip = lower > 0.0  # towards the smaller tail
    correlation = np.where(flip.sum(axis=1) == 1, -correlation, correlation)
    lower, upper = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    corners = [bivariate_cdf(one[:, 0], other[:, 1], correlation) for one in (upper, lower) for other in (upper, lower)]
    return (corners[0] - corners[1] - corners[2] + corners[3]).clip(0.0, 1.0)


def _owen(h: np.ndarray, k: np.ndarray, rho: np.ndarray, root: np.ndarray) -> np.ndarray:
    """T(h, (k - rho h) / (h root)), with the limits of the slope at h = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        at_zero = np.where(k == 0.0, (1.0 - rho) / root, np.copysign(np.inf, k))
        return owens_t(h, np.where(h == 0.0, at_zero, (k - rho * h) / (h * root)))
