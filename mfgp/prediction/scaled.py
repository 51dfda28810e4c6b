"""Predictions whose deviations are multiplied task by task, means and correlations being kept."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import singledispatch
from typing import final

import numpy as np

from mfgp.prediction.combination import CombinedPrediction
from mfgp.prediction.labelled import LabelledPrediction
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import Prediction


@final
@dataclass(frozen=True, eq=False, repr=False)
class ScaledPrediction(Prediction):
    """The distribution of m + c (q - m), for each task's value q of mean m: its deviations times c.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`.
    base
        The prediction of q.
    factors
        (T,) the c, all positive.
    """

    base: Prediction
    factors: np.ndarray

    @classmethod
    def of_base(cls, base: Prediction, factors: np.ndarray) -> ScaledPrediction:
        """What is scaled by factors (T,)."""
        covariance = base.covariance * np.outer(factors, factors)
        return cls(base.tasks, base.index, base.means, covariance, base, factors)

    @property
    def dimension(self) -> int:
        """As of the prediction below."""
        return self.base.dimension

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Draws of the prediction below, moved away from the mean or towards it."""
        return self._scaled(self.base.draw(normals))

    def take(self, rows: slice | np.ndarray) -> ScaledPrediction:
        """The prediction at some of the rows, by their places."""
        return self.of_base(self.base.take(rows), self.factors)

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> CombinedPrediction:
        """The joint distribution of weighted sums of the tasks."""
        return CombinedPrediction.of_sums(self, weights, offsets, names)

    def _quantiles(self, probability: float) -> np.ndarray:
        return self._scaled(self.base._quantiles(probability))

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return self.means + self.factors * (values - self.means)


@singledispatch
def scale_deviations(prediction: Prediction, factors: np.ndarray) -> Prediction:
    """A prediction with the deviation of each task multiplied, the correlation between tasks kept.

    What is normal stays normal. Labels keep their probabilities, whatever their factor.

    Parameters
    ----------
    prediction
        Of T tasks.
    factors
        (T,) positive numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> covariance = np.array([[[1.0, 0.5], [0.5, 1.0]]])
    >>> p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), covariance)
    >>> scale_deviations(p, np.array([1.0, 3.0])).covariance
    array([[[1. , 1.5],
            [1.5, 9. ]]])
    """
    return ScaledPrediction.of_base(prediction, factors)


@scale_deviations.register
def _(prediction: NormalPrediction, factors: np.ndarray) -> NormalPrediction:
    covariance = prediction.covariance * np.outer(factors, factors)
    return NormalPrediction(prediction.tasks, prediction.index, prediction.means, covariance)


@scale_deviations.register
def _(prediction: LabelledPrediction, factors: np.ndarray) -> LabelledPrediction:
    of_latents = np.ones(len(prediction.latent.tasks))
    for task, span in enumerate(prediction.spans):
        if task not in prediction.classes:
            of_latents[span.start] = factors[task]
    latent = scale_deviations(prediction.latent, of_latents)
    return LabelledPrediction.of_latent(prediction.tasks, latent, prediction.spans, prediction.classes)
