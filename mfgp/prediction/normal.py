"""The normal prediction, in which everything linear has a closed form."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from scipy.special import ndtri

from mfgp.prediction.prediction import Prediction

NEGLIGIBLE = 1e-14  # of a task's variance: what rounding leaves of it


@final
@dataclass(frozen=True, eq=False, repr=False)
class NormalPrediction(Prediction):
    """Normal distribution of all T tasks at each of n rows: what Gaussian processes predict.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`. A covariance may be singular, as that of tasks that are known or tied.
    turn
        (n, T, T) orthogonal matrices that standard normals go through before they become draws; None for none.

    Examples
    --------
    >>> import pandas as pd
    >>> covariance = np.array([[[4.0, 1.0], [1.0, 9.0]]])
    >>> p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.array([[1.0, 2.0]]), covariance)
    >>> p.std
         a    b
    0  2.0  3.0
    >>> p.interval(0.9).round(2)
           a            b
       lower upper  lower upper
    0  -2.29  4.29  -2.93  6.93
    """

    turn: np.ndarray | None = None

    @property
    def dimension(self) -> int:
        """One standard normal a task."""
        return len(self.tasks)

    @cached_property
    def root(self) -> np.ndarray:
        """(n, T, T) factors A of the covariances, A A^T; lower triangular ones unless they are turned."""
        deviations = self.deviations
        scale = np.where(deviations > 0.0, deviations, 1.0)
        lower = deviations[:, :, None] * _lower(self.covariance / scale[:, :, None] / scale[:, None, :])
        return lower if self.turn is None else lower @ self.turn

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Standard normals (s, n, T) or (s, 1, T) to draws (s, n, T): mean + root z."""
        if normals.shape[1] != 1:
            return self.means + np.einsum("nij,snj->sni", self.root, normals)
        draws = (self.root.reshape(-1, self.dimension) @ normals[:, 0].T).reshape(*self.means.shape, len(normals))
        draws += self.means[:, :, None]
        return draws.transpose(2, 0, 1)

    def take(self, rows: slice | np.ndarray) -> NormalPrediction:
        """The prediction at some of the rows, by their places."""
        turn = None if self.turn is None else self.turn[rows]
        return NormalPrediction(self.tasks, self.index[rows], self.means[rows], self.covariance[rows], turn)

    def turned(self, turn: np.ndarray) -> NormalPrediction:
        """The same distribution, whose normals go through orthogonal matrices (n, T, T) before they become draws."""
        return NormalPrediction(self.tasks, self.index, self.means, self.covariance, turn)

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> NormalPrediction:
        """The normal distribution of weighted sums of the tasks, exactly.

        Examples
        --------
        >>> import pandas as pd
        >>> covariance = np.array([[[2.0, 1.0], [1.0, 2.0]]])
        >>> p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.array([[1.0, 2.0]]), covariance)
        >>> p.combine(np.array([[1.0], [-1.0]]), np.zeros(1), ("a - b",)).covariance
        array([[[2.]]])
        """
        covariance = weights.T @ self.covariance @ weights
        return NormalPrediction(names, self.index, self.means @ weights + offsets, covariance)

    def _quantiles(self, probability: float) -> np.ndarray:
        return self.means + ndtri(probability) * self.deviations


def _lower(correlation: np.ndarray) -> np.ndarray:
    """Cholesky factors (n, T, T); of a task that those before it determine, the column is zero."""
    lower = np.zeros_like(correlation)
    for j in range(correlation.shape[-1]):
        column = correlation[:, j:, j] - (lower[:, j:, :j] @ lower[:, j, :j, None])[:, :, 0]
        left = column[:, :1]
        lower[:, j:, j] = np.where(left > NEGLIGIBLE, column / np.sqrt(left.clip(min=NEGLIGIBLE)), 0.0)
    return lower
