"""The probability that weighted sums of tasks lie in a box, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from mfgp.expressions.boxes import Interval
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.orthant import interval_probability, rectangle_probability

NEGLIGIBLE = 1e-12  # of a variance: what is left of a sum that the others determine
ROUNDING = 1e-9  # of a coefficient that is zero
SMALLEST, LARGEST = 1e-300, 1.0 - 1e-16  # probabilities whose quantiles are finite


class NormalBox:
    """A box in standardised sums at each of n rows.

    Parameters
    ----------
    sums
        The joint distribution of k sums.
    intervals
        k intervals.
    """

    def __init__(self, sums: NormalPrediction, intervals: Sequence[Interval]) -> None:
        deviations = sums.deviations
        scale = np.where(deviations > 0.0, deviations, 1.0)
        lower = np.array([interval.lower for interval in intervals])
        upper = np.array([interval.upper for interval in intervals])
        closed = np.array([(interval.lower_closed, interval.upper_closed) for interval in intervals], dtype=bool)
        lower_closed, upper_closed = closed.reshape(-1, 2).T
        above = (sums.means > lower) | ((sums.means == lower) & lower_closed)
        below = (sums.means < upper) | ((sums.means == upper) & upper_closed)
        certain = deviations == 0.0
        self.possible = (~certain | (above & below)).all(axis=1)
        self.lower = np.where(certain, -np.inf, (lower - sums.means) / scale)
        self.upper = np.where(certain, np.inf, (upper - sums.means) / scale)
        self.correlation = (sums.covariance / scale[:, :, None] / scale[:, None, :]).clip(-1.0, 1.0)

    @property
    def dimension(self) -> int:
        """The number of sums, k."""
        return self.lower.shape[1]

    def exactly(self) -> np.ndarray:
        """(n,) probabilities in closed form, of at most two sums."""
        if self.dimension == 0:
            probability = np.ones(len(self.lower))
        elif self.dimension == 1:
            probability = interval_probability(self.lower[:, 0], self.upper[:, 0])
        else:
            probability = rectangle_probability(self.lower, self.upper, self.correlation[:, 0, 1])
        return np.where(self.possible, probability, 0.0)

    def integrand(self, rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Values (r, s) in [0, 1] whose mean over normals (s, k - 1 or more) is the probability (Genz 1992).

        One sum after the other is drawn from its distribution given those before, restricted to its interval; the
        value is the product of the intervals' probabilities. Sums that are determined by those before, as there are
        where k is larger than the number of tasks, narrow the interval of the last that they depend on (Genz & Kwong
        2000).
        """
        lower, upper = self.lower[rows], self.upper[rows]
        factor = _factor(self.correlation[rows], lower, upper)
        last = np.where(factor != 0.0, np.arange(self.dimension), -1).max(axis=2)
        value = np.repeat(self.possible[rows, None].astype(float), len(normals), axis=1)
        drawn = np.zeros((len(rows), self.dimension, len(normals)))
        for j in range(self.dimension):
            low, high = (np.full(value.shape, bound) for bound in (-np.inf, np.inf))
            for i in range(self.dimension):
                here = last[:, i] == j
                if here.any():
                    slope = factor[here, i, j, None]
                    shift = (factor[here, i, None, :j] @ drawn[here, :j])[:, 0]
                    ends = np.stack([lower[here, i, None] - shift, upper[here, i, None] - shift]) / slope
                    low[here] = np.maximum(low[here], ends.min(axis=0))
                    high[here] = np.minimum(high[here], ends.max(axis=0))
            inside = np.where(low < high, interval_probability(low, high), 0.0)
            value *= inside
            if j < self.dimension - 1:
                drawn[:, j] = ndtri((ndtr(low) + ndtr(normals[:, j]) * inside).clip(SMALLEST, LARGEST))
        return value


def _factor(correlation: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """(r, k, k) factors F with F F^T = correlation; each column takes up one sum, the least probable first."""
    left = np.diagonal(correlation, axis1=1, axis2=2).copy()
    factor = np.zeros_like(correlation)
    rows = np.arange(len(left))
    for j in range(left.shape[1]):
        scale = np.sqrt(left.clip(min=NEGLIGIBLE))
        score = interval_probability(lower / scale, upper / scale) + 2.0 * (left <= NEGLIGIBLE)
        pivot = score.argmin(axis=1)
        column = correlation[rows, :, pivot] - (factor @ factor[rows, pivot, :, None])[:, :, 0]
        column /= scale[rows, pivot, None]
        column[np.abs(column) < ROUNDING] = 0.0
        column[left <= NEGLIGIBLE] = 0.0
        column[left[rows, pivot] <= NEGLIGIBLE] = 0.0
        factor[:, :, j] = column
        left = (left - np.square(column)).clip(min=0.0)
        left[rows, pivot] = 0.0
    return factor
