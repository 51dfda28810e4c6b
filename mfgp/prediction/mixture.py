"""The prediction of several normal ones, each with a weight: what draws of the hyperparameters make of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import pandas as pd
from scipy.special import logsumexp, ndtr

from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import Prediction

BISECTIONS = 60
REACH = 40.0  # deviations from each mean within which all quantiles lie


@final
@dataclass(frozen=True, eq=False, repr=False)
class MixturePrediction(Prediction):
    """Weighted mixture of K normal distributions of all T tasks at each of n rows.

    Moments, sums of tasks and densities are exact; quantiles are found by bisection of the mixture's distribution
    function. A draw takes one more normal, which chooses the component.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`.
    components
        The K normal predictions.
    weights
        (K, n) weights of each row's components, which sum to one.

    Examples
    --------
    >>> def at(mean):
    ...     return NormalPrediction(("a",), pd.RangeIndex(1), np.array([[mean]]), np.ones((1, 1, 1)))
    >>> p = MixturePrediction.of_components([at(-3.0), at(3.0)], np.full((2, 1), 0.5))
    >>> p.std.round(3).a.item(), p.quantile(0.75).round(2).a.item()
    (3.162, 3.0)
    """

    components: tuple[NormalPrediction, ...]
    weights: np.ndarray

    @classmethod
    def of_components(cls, components: Sequence[NormalPrediction], weights: np.ndarray) -> MixturePrediction:
        """The mixture of predictions of the same tasks at the same rows."""
        first = components[0]
        means = sum(w[:, None] * p.means for p, w in zip(components, weights, strict=True))
        covariance = np.zeros_like(first.covariance)
        for component, weight in zip(components, weights, strict=True):
            gap = component.means - means
            covariance += weight[:, None, None] * (component.covariance + gap[:, :, None] * gap[:, None, :])
        return cls(first.tasks, first.index, np.asarray(means), covariance, tuple(components), weights)

    @property
    def dimension(self) -> int:
        """One standard normal a task, and one that chooses the component."""
        return len(self.tasks) + 1

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Standard normals (s, n, T + 1) or (s, 1, T + 1) to draws (s, n, T); the last one chooses the component."""
        chosen = (ndtr(normals[..., -1:]) > self._cumulative.T).sum(axis=-1).clip(max=len(self.components) - 1)
        rows = np.arange(len(self))
        turned = np.einsum(
            "snij,snj->sni",
            self._roots[chosen, rows],
            np.broadcast_to(normals[..., :-1], (*chosen.shape, len(self.tasks))),
        )
        return self._means[chosen, rows] + turned

    def take(self, rows: slice | np.ndarray) -> MixturePrediction:
        """The prediction at some of the rows, by their places."""
        return self.of_components([component.take(rows) for component in self.components], self.weights[:, rows])

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> MixturePrediction:
        """The mixture of the components' weighted sums of the tasks, exactly."""
        return self.of_components([p.combine(weights, offsets, names) for p in self.components], self.weights)

    def log_density(self, values: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Log density of values (n, T) in the tasks' order, each task by itself; NaN where a value is NaN.

        Raises
        ------
        DataError
            There are not as many values as predictions.
        """
        array = self._one_for_each(values)
        gap = (array - self._means) / self._deviations
        densities = -0.5 * np.square(gap) - np.log(self._deviations) - 0.5 * np.log(2.0 * np.pi)
        with np.errstate(divide="ignore"):
            return self._frame(logsumexp(densities + np.log(self.weights)[..., None], axis=0))

    def _quantiles(self, probability: float) -> np.ndarray:
        low = (self._means - REACH * self._deviations).min(axis=0)
        high = (self._means + REACH * self._deviations).max(axis=0)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            below = np.einsum("kn,knt->nt", self.weights, ndtr((middle - self._means) / self._deviations))
            low, high = np.where(below < probability, middle, low), np.where(below < probability, high, middle)
        return 0.5 * (low + high)

    @cached_property
    def _means(self) -> np.ndarray:
        return np.stack([component.means for component in self.components])

    @cached_property
    def _deviations(self) -> np.ndarray:
        """(K, n, T) deviations, those of what is known exactly a hair above zero."""
        return np.stack([component.deviations for component in self.components]).clip(min=1e-300)

    @cached_property
    def _roots(self) -> np.ndarray:
        return np.stack([component.root for component in self.components])

    @cached_property
    def _cumulative(self) -> np.ndarray:
        """(K, n) weights of each component and those before it."""
        return self.weights.cumsum(axis=0)
