"""Predictions to test with."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd

from mfgp.prediction import CombinedPrediction, NormalPrediction, Prediction

TASKS = ("low", "high", 3)


def random_prediction(n: int = 4, seed: int = 0) -> NormalPrediction:
    generator = np.random.default_rng(seed)
    roots = generator.standard_normal((n, 3, 3))
    index = pd.Index([f"row {i}" for i in range(n)], name="name")
    return NormalPrediction(TASKS, index, generator.standard_normal((n, 3)), roots @ roots.transpose(0, 2, 1))


@final
@dataclass(frozen=True, eq=False, repr=False)
class LogNormalPrediction(Prediction):
    """Exponentials of jointly normal logarithms: a prediction that is not normal, with known moments."""

    logarithms: NormalPrediction

    @classmethod
    def from_logarithms(cls, logarithms: NormalPrediction) -> LogNormalPrediction:
        variance = np.diagonal(logarithms.covariance, axis1=1, axis2=2)
        means = np.exp(logarithms.means + variance / 2.0)
        covariance = means[:, :, None] * means[:, None, :] * np.expm1(logarithms.covariance)
        return cls(logarithms.tasks, logarithms.index, means, covariance, logarithms)

    @property
    def dimension(self) -> int:
        return self.logarithms.dimension

    def draw(self, normals: np.ndarray) -> np.ndarray:
        return np.exp(self.logarithms.draw(normals))

    def take(self, rows: slice | np.ndarray) -> LogNormalPrediction:
        return LogNormalPrediction.from_logarithms(self.logarithms.take(rows))

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> CombinedPrediction:
        return CombinedPrediction.of_sums(self, weights, offsets, names)

    def _quantiles(self, probability: float) -> np.ndarray:
        return np.exp(self.logarithms._quantiles(probability))
