"""What is estimated of a function's values: moments, quantiles, shares; each with its standard error.

Errors are those of ratios over replicates, since numbers of valid draws differ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, final

import numpy as np
from scipy.special import ndtri

WINDOW = 0.2  # of the smaller tail, on either side: what the slope of quantiles is measured on

Figures: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]


class Statistic(ABC):
    """Estimates from values at draws."""

    spread: ClassVar[float]
    """Deviation of the normals that the values should be at, instead of 1; weights make up for it."""

    fewest: ClassVar[int]
    """Points of each scrambling to begin with, a power of two, at most 64."""

    steps: ClassVar[bool]
    """Whether it counts values below bounds, so that it pays to turn the normals towards where they rise."""

    @property
    @abstractmethod
    def figures(self) -> int:
        """How many figures are estimated of a row, m."""

    @abstractmethod
    def __call__(self, values: np.ndarray, weights: np.ndarray, tolerance: float) -> Figures:
        """Estimate the figures of each row.

        Parameters
        ----------
        values
            (r, replicates, points) values, not finite where there is none.
        weights
            (replicates, points) weights of the draws; one where `spread` is.
        tolerance
            What the allowed errors are a multiple of.

        Returns
        -------
        (r, m) estimates, (r, m) standard errors, and (r,) by how many times an error is larger than allowed, or 1.
        """


@final
class Moments(Statistic):
    """Mean and standard deviation of the finite values, and the share of the others.

    Wider normals with weights keep what grows in the tails, such as an exponential function, from being seen at few
    points only: errors become several times smaller, and their estimates right (He, Zheng & Wang 2023).

    The errors of mean and deviation are allowed to be the tolerance times the deviation. That of the deviation gives
    away values that have no moments.
    """

    spread, fewest, steps, figures = 1.25, 64, False, 3

    def __call__(self, values: np.ndarray, weights: np.ndarray, tolerance: float) -> Figures:
        """Columns mean, deviation, share of values that are not finite."""
        valid = np.isfinite(values)
        if valid.all():
            weight = np.broadcast_to(weights.sum(axis=1), values.shape[:2])
        else:
            weight = np.einsum("rkp,kp->rk", valid, weights)
            values = np.where(valid, values, 0.0)
        total = weight.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            mean = np.einsum("rkp,kp->r", values, weights) / total
            deviations = np.where(valid, values - mean[:, None, None], 0.0)
            squares = np.einsum("rkp,rkp,kp->rk", deviations, deviations, weights)
            variance = squares.sum(axis=1) / total
            std = np.sqrt(variance)
            of_mean = _error(np.einsum("rkp,kp->rk", deviations, weights), total)
            of_variance = _error(squares - variance[:, None] * weight, total)
            of_std = np.where(of_variance == 0.0, 0.0, of_variance / (2.0 * std))
            excess = _excess(np.maximum(of_mean, of_std), tolerance * std, total)
        missing = np.einsum("rkp,kp->rk", ~valid, weights)
        invalid = missing.sum(axis=1) / (missing + weight).sum(axis=1)  # exactly 0 or 1 if none or all are missing
        of_invalid = _error(missing, weights.sum())
        return np.stack([mean, std, invalid], axis=1), np.stack([of_mean, of_std, of_invalid], axis=1), excess


@final
@dataclass(frozen=True)
class Quantiles(Statistic):
    """Quantiles of the finite values.

    The error is that of the share below, at least one draw, turned into values by the slope of the quantiles. It is
    allowed to be twice the tolerance times the spread, which is the deviation if the values are normal, and exists if
    they have no moments.

    Parameters
    ----------
    probabilities
        m probabilities.
    """

    probabilities: tuple[float, ...]

    spread: ClassVar[float] = 1.0
    fewest: ClassVar[int] = 64
    steps: ClassVar[bool] = True

    @property
    def figures(self) -> int:
        """One a probability."""
        return len(self.probabilities)

    def __call__(self, values: np.ndarray, weights: np.ndarray, tolerance: float) -> Figures:
        """One column a probability."""
        valid = np.isfinite(values)
        if not valid.all():
            values = np.where(valid, values, np.nan)
        ordered = np.sort(values.reshape(len(values), weights.size), axis=1)
        count = valid.sum(axis=2)
        total = count.sum(axis=1)
        found, errors = [], []
        for probability in self.probabilities:
            value = _at(ordered, total, np.full(len(total), probability))
            below = (values <= value[:, None, None]).sum(axis=2) - probability * count
            reach = np.maximum(_error(below, total), 1.0 / np.maximum(total, 1))
            window = np.maximum(reach, WINDOW * min(probability, 1.0 - probability))
            rise = _at(ordered, total, probability + window) - _at(ordered, total, probability - window)
            errors.append(rise * reach / (2.0 * window))
            found.append(value)
        value, error = np.stack(found, axis=1), np.stack(errors, axis=1)
        lower, upper = (_at(ordered, total, np.full(len(total), bound)) for bound in (0.05, 0.95))
        spread = (upper - lower) / (ndtri(0.95) - ndtri(0.05))
        return value, error, _excess(error.max(axis=1), 2.0 * tolerance * spread, total)


@final
class Share(Statistic):
    """Share of ones among ones and zeros, or mean of what lies between; and the share of NaN.

    The error is allowed to be half the tolerance: 1/2 is the largest deviation that such values can have. It is no
    smaller than one draw, where these are ones and zeros.
    """

    spread, fewest, steps, figures = 1.0, 16, False, 2

    def __call__(self, values: np.ndarray, weights: np.ndarray, tolerance: float) -> Figures:
        """Columns share, and share of NaN."""
        valid = ~np.isnan(values)
        count = valid.sum(axis=2)
        total = count.sum(axis=1)
        sums = np.where(valid, values, 0.0).sum(axis=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = sums.sum(axis=1) / total
            counted = ((values == 0.0) | (values == 1.0) | ~valid).all(axis=(1, 2))
            resolution = np.where(counted, 1.0 / total, 0.0)
        error = np.maximum(_error(sums - value[:, None] * count, total), resolution)
        invalid, of_invalid = 1.0 - total / weights.size, _error(count.astype(float), weights.size)
        excess = _excess(error, np.full(len(total), tolerance / 2.0), total)
        return np.stack([value, invalid], axis=1), np.stack([error, of_invalid], axis=1), excess


def _error(sums: np.ndarray, total: np.ndarray | float) -> np.ndarray:
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
