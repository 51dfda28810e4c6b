"""Weighted sums of the tasks of a prediction that has no closed form for them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import final

import numpy as np

from mfgp.prediction.draws import task_quantiles
from mfgp.prediction.prediction import Prediction


@final
@dataclass(frozen=True, eq=False, repr=False)
class CombinedPrediction(Prediction):
    """Joint distribution of weighted sums: moments are exact, draws are sums of draws, quantiles are those of draws.

    Where each sum is a positive multiple of one task, quantiles are those that the prediction below has of it.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`; the tasks are the names of the sums.
    base
        The prediction whose tasks are summed.
    weights
        (T, m) weights, one column a sum.
    offsets
        (m,) constants.
    """

    base: Prediction
    weights: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of_sums(
        cls, base: Prediction, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]
    ) -> CombinedPrediction:
        """What ``combine`` of a prediction without closed forms returns."""
        covariance = weights.T @ base.covariance @ weights
        return cls(names, base.index, base.means @ weights + offsets, covariance, base, weights, offsets)

    @property
    def dimension(self) -> int:
        """As of the prediction below."""
        return self.base.dimension

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Sums of the draws that the prediction below makes of the normals."""
        return self.base.draw(normals) @ self.weights + self.offsets

    def take(self, rows: slice | np.ndarray) -> CombinedPrediction:
        """The sums at some of the rows, by their places."""
        return CombinedPrediction.of_sums(self.base.take(rows), self.weights, self.offsets, self.tasks)

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> CombinedPrediction:
        """Sums of sums."""
        return CombinedPrediction.of_sums(self.base, self.weights @ weights, self.offsets @ weights + offsets, names)

    def _quantiles(self, probability: float) -> np.ndarray:
        places, sums = np.nonzero(self.weights.T)[::-1]
        if not np.array_equal(sums, np.arange(len(self.tasks))) or (self.weights < 0.0).any():
            return task_quantiles(self, probability)
        return self.base._quantiles(probability)[:, places] * self.weights[places, sums] + self.offsets
