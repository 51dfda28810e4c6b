"""A quantity made of tasks: its distribution at each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from mfgp.expressions import Quantity
from mfgp.prediction.draws import estimate, values_at
from mfgp.prediction.explanation import explain
from mfgp.prediction.mixture import MixturePrediction
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import SHOWN, Prediction, require_probability
from mfgp.prediction.quadrature import Estimates, Quadrature
from mfgp.prediction.statistic import Moments, Quantiles


@final
@dataclass(frozen=True, eq=False, repr=False)
class FunctionPrediction:
    """Distribution of a quantity at each of n rows, in the unit that it has in the tasks' units.

    Linear quantities have exact means and deviations, and exact quantiles where the prediction is normal or a mixture
    of normals. All else is integrated by randomised quasi-Monte Carlo (see
    :class:`~mfgp.prediction.quadrature.Quadrature`). Where draws are outside the quantity's domain, the figures are
    those of the other draws, and `invalid` is the share of these.

    Parameters
    ----------
    prediction
        The joint distribution of the tasks.
    expression
        The quantity.
    quadrature
        How exactly to integrate where there is no closed form.

    Examples
    --------
    >>> covariance = np.array([[[4.0, 3.0], [3.0, 4.0]]])
    >>> p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.array([[5.0, 3.0]]), covariance)
    >>> p.of("a - b").to_frame().round(2)
       mean   std  lower  upper  error  invalid
    0   2.0  1.41  -0.33   4.33    0.0      0.0
    >>> p.of("a * b").mean.round(1).item()  # 5 x 3 + 3
    18.0
    """

    prediction: Prediction
    expression: Quantity
    quadrature: Quadrature = field(default_factory=Quadrature)

    @property
    def index(self) -> pd.Index:
        """Labels of the rows."""
        return self.prediction.index

    @property
    def mean(self) -> pd.Series:
        """(n,) means."""
        return self._series(self._moments.value[:, 0])

    @property
    def std(self) -> pd.Series:
        """(n,) standard deviations."""
        return self._series(self._moments.value[:, 1])

    @property
    def error(self) -> pd.Series:
        """(n,) standard errors of the means; zero where they are exact."""
        return self._series(self._moments.error[:, 0])

    @property
    def invalid(self) -> pd.Series:
        """(n,) shares of draws at which the quantity has no finite value."""
        return self._series(self._moments.value[:, 2])

    @property
    def settled(self) -> pd.Series:
        """(n,) whether the errors of mean and deviation are within the tolerance."""
        return self._series(self._moments.settled)

    def quantile(self, probability: float) -> pd.Series:
        """(n,) values that the quantity stays below with this probability.

        Raises
        ------
        ParameterError
            The probability is no number between 0 and 1.
        """
        return self._series(self._quantiles(require_probability(probability, "probability")).value[:, 0])

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """(n, 2) central interval, columns "lower" and "upper".

        Raises
        ------
        ParameterError
            The level is no number between 0 and 1.
        """
        return pd.DataFrame(self._bounds(level).value, self.index, pd.Index(["lower", "upper"]))

    def errors(self, level: float = 0.9) -> pd.DataFrame:
        """(n, 4) standard errors of "mean", "std", "lower" and "upper"; zero where these are exact."""
        errors = np.column_stack([self._moments.error[:, :2], self._bounds(level).error])
        return pd.DataFrame(errors, self.index, pd.Index(["mean", "std", "lower", "upper"]))

    def sample(self, size: int, seed: int | None = None) -> np.ndarray:
        """Draws (size, n): the quantity at the draws of :meth:`Prediction.sample <mfgp.Prediction.sample>`."""
        return values_at(self.expression, self.prediction.tasks, self.prediction.sample(size, seed))

    def explain(self) -> pd.DataFrame:
        """Where the variance comes from; see :func:`mfgp.prediction.explanation.explain`."""
        return explain(self.prediction, self.expression, self._moments.value[:, 1], self.quadrature.seed)

    def to_frame(self, level: float = 0.9) -> pd.DataFrame:
        """A flat table: "mean", "std", "lower", "upper", "error" (of the mean) and "invalid"."""
        columns = {"mean": self.mean, "std": self.std, **self.interval(level), "error": self.error}
        return pd.DataFrame({**columns, "invalid": self.invalid})

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        first = FunctionPrediction(self.prediction.take(slice(0, SHOWN)), self.expression, self.quadrature)
        which = f", the first {SHOWN}" if len(self) > SHOWN else ""
        return f"Prediction of {self.expression!r} at {len(self)} rows{which}:\n{first.to_frame()!r}"

    @cached_property
    def _sum(self) -> Prediction | None:
        """The prediction of the quantity as a weighted sum, if it is one."""
        form = self.expression.linear()
        if form is None:
            return None
        weights = form.vector(self.prediction.tasks)[:, None]
        return self.prediction.combine(weights, np.array([form.offset]), (repr(self.expression),))

    @cached_property
    def _moments(self) -> Estimates:
        if self._sum is None:
            return estimate(self.prediction, self.expression, Moments(), self.quadrature)
        return Estimates.exact(self._sum.means[:, 0], self._sum.deviations[:, 0], np.zeros(len(self)))

    def _quantiles(self, *probabilities: float) -> Estimates:
        if probabilities not in self._known_quantiles:
            self._known_quantiles[probabilities] = self._new_quantiles(probabilities)
        return self._known_quantiles[probabilities]

    @cached_property
    def _known_quantiles(self) -> dict[tuple[float, ...], Estimates]:
        return {}

    def _new_quantiles(self, probabilities: tuple[float, ...]) -> Estimates:
        if isinstance(self._sum, NormalPrediction):
            mean, std = self._moments.value[:, 0], self._moments.value[:, 1]
            return Estimates.exact(*(mean + ndtri(probability) * std for probability in probabilities))
        if isinstance(self._sum, MixturePrediction):
            return Estimates.exact(*(self._sum.quantile(probability).to_numpy()[:, 0] for probability in probabilities))
        return estimate(self.prediction, self.expression, Quantiles(probabilities), self.quadrature)

    def _bounds(self, level: float) -> Estimates:
        outside = (1.0 - require_probability(level, "level")) / 2.0
        return self._quantiles(outside, 1.0 - outside)

    def _series(self, values: np.ndarray) -> pd.Series:
        return pd.Series(values, self.index, name=repr(self.expression))
