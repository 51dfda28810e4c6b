"""What a row is worth: a number to rank by, from the prediction of the tasks there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar, Self, final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mfgp.errors import ParameterError
from mfgp.expressions import Quantity, maximum, parse
from mfgp.expressions.quantity import quantity
from mfgp.prediction import FunctionPrediction, MixturePrediction, NormalPrediction, Prediction
from mfgp.prediction.prediction import require_probability

CHOICES = "'probability', mean(a), quantile(a, 0.9), upper(a, 2), improvement(a, 1.5), value(a, cost_column)"


@dataclass(frozen=True)
class Criterion(ABC):
    """A score of a row, the higher the better. To look for low values, rank by ``-quantity``."""

    @abstractmethod
    def __str__(self) -> str:
        """What it is, as a noun."""

    counts_probability: ClassVar[bool] = False
    """Whether the probability of the condition is part of the score."""

    @property
    def quantity(self) -> Quantity | None:
        """What the score is about, if it is a quantity."""
        return None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the pool that it needs, numbers above zero."""
        return ()

    def read(self, tasks: Collection[Hashable]) -> Self:
        """The same with text read as expressions of these tasks.

        Raises
        ------
        ExpressionError, ColumnError, ParameterError
            The text is none, a task is not there, or what was written is a condition.
        """
        return self

    @abstractmethod
    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """(n,) scores, NaN where there is none.

        Parameters
        ----------
        prediction
            Of the tasks at the rows.
        probability
            (n,) probabilities of the condition; None where there is no condition.
        rows
            The pool's columns.
        """

    @abstractmethod
    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """(s, m) what each of m rows turns out to be worth at each of s draws; its mean is the row's score.

        Parameters
        ----------
        values
            (s, m) the quantity at the draws.
        holds
            (s, m) 1 where the condition holds at the draws, else 0.
        best
            Columns "score", and of a quantity "mean".
        """


@dataclass(frozen=True)
class _OfQuantity(Criterion):
    """A criterion of a quantity, given as an expression or as text."""

    of: Quantity | str | float

    @property
    def quantity(self) -> Quantity | None:
        return self.of if isinstance(self.of, Quantity) else None

    def read(self, tasks: Collection[Hashable]) -> Self:
        found = parse(self.of, tasks) if isinstance(self.of, str) else self.of
        if isinstance(found, Real):
            found = quantity(found)
        if not isinstance(found, Quantity):
            raise ParameterError(
                f"{found!r} is no quantity to rank by; give a condition as where= and rank_by='probability'"
            )
        found.require_tasks(tasks)
        return replace(self, of=found)

    def _of(self, prediction: Prediction) -> FunctionPrediction:
        assert isinstance(self.of, Quantity)
        return prediction.of(self.of)


@final
@dataclass(frozen=True)
class Probability(Criterion):
    """The probability that the condition holds."""

    counts_probability: ClassVar[bool] = True

    def __str__(self) -> str:
        return "probability"

    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """The probabilities themselves."""
        assert probability is not None
        return probability

    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """1 where the condition holds: a batch is worth the probability of at least one hit."""
        assert holds is not None
        return holds


@final
@dataclass(frozen=True)
class Mean(_OfQuantity):
    """The mean of a quantity.

    Parameters
    ----------
    of
        An expression of tasks, or its text.
    """

    def __str__(self) -> str:
        return f"mean of {self.of}"

    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """The means."""
        return self._of(prediction).mean.to_numpy()

    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """The quantity: a batch is worth the expected largest value."""
        assert values is not None
        return values


@final
@dataclass(frozen=True)
class Quantile(_OfQuantity):
    """A quantile of a quantity: a low one is cautious, a high one hopeful.

    Parameters
    ----------
    of
        An expression of tasks, or its text.
    probability
        That the quantity stays below it.
    """

    probability: float = 0.9

    def __post_init__(self) -> None:
        require_probability(self.probability, "probability")

    def __str__(self) -> str:
        return f"{self.probability:g} quantile of {self.of}"

    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """The quantiles."""
        return self._of(prediction).quantile(self.probability).to_numpy()

    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """As of the upper confidence bound."""
        assert values is not None
        return _reflected(values, best)


@final
@dataclass(frozen=True)
class UpperBound(_OfQuantity):
    """Mean plus some standard deviations of a quantity (Srinivas et al. 2010); with a negative number a lower bound.

    Parameters
    ----------
    of
        An expression of tasks, or its text.
    deviations
        How many.
    """

    deviations: float = 2.0

    def __post_init__(self) -> None:
        _require_number(self.deviations, "deviations", "2")

    def __str__(self) -> str:
        return f"mean {self.deviations:+g} deviations of {self.of}"

    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """The bounds."""
        found = self._of(prediction)
        return (found.mean + self.deviations * found.std).to_numpy()

    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """The mean plus a multiple of the distance from it, whose expectation is the bound (Wilson et al. 2017)."""
        assert values is not None
        return _reflected(values, best)


@final
@dataclass(frozen=True)
class ExpectedImprovement(_OfQuantity):
    """The expectation of what a quantity is over a value, zero where it is below (Jones et al. 1998).

    Exact for linear quantities of normal predictions and of mixtures of these; else by quasi-random draws.

    Parameters
    ----------
    of
        An expression of tasks, or its text.
    over
        The value, such as the best one measured.

    Examples
    --------
    >>> p = NormalPrediction(("a",), pd.RangeIndex(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
    >>> ExpectedImprovement("a", over=0.0).read(["a"]).score(p, None, pd.DataFrame()).round(4).tolist()  # 1/sqrt(2 pi)
    [0.3989]
    """

    over: float = 0.0

    def __post_init__(self) -> None:
        _require_number(self.over, "over", "1.5")

    def __str__(self) -> str:
        return f"expected improvement of {self.of} over {self.over:g}"

    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """The expectations."""
        assert isinstance(self.of, Quantity)
        form = self.of.linear()
        if form is not None and isinstance(prediction, NormalPrediction | MixturePrediction):
            weights = form.vector(prediction.tasks)[:, None]
            return _improvement(prediction.combine(weights, np.array([form.offset]), ("",)), self.over)
        return prediction.of(maximum(self.of - self.over, 0.0)).mean.to_numpy()

    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """The improvement: a batch is worth its expected largest one (Ginsbourger et al. 2010)."""
        assert values is not None
        return np.maximum(values - self.over, 0.0)


@final
@dataclass(frozen=True)
class ValuePerCost(_OfQuantity):
    """The probability of the condition times the mean of a quantity, divided by what the row costs.

    Parameters
    ----------
    of
        What a hit is worth: an expression of tasks, or its text; 1 where each is worth the same.
    cost
        The pool's column of costs.
    """

    cost: str = "cost"

    counts_probability: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The costs."""
        return (self.cost,)

    def __str__(self) -> str:
        return f"probability times {self.of} per {self.cost}"

    def score(self, prediction: Prediction, probability: np.ndarray | None, rows: pd.DataFrame) -> np.ndarray:
        """The products."""
        assert probability is not None
        return probability * self._of(prediction).mean.to_numpy() / rows[self.cost].to_numpy(dtype=float)

    def utility(self, values: np.ndarray | None, holds: np.ndarray | None, best: pd.DataFrame) -> np.ndarray:
        """What is paid out where the condition holds, and nothing elsewhere."""
        assert holds is not None
        share = best["probability"].to_numpy()
        return holds * np.where(share > 0.0, best["score"] / np.where(share > 0.0, share, 1.0), 0.0)


def _improvement(sum_: NormalPrediction | MixturePrediction, over: float) -> np.ndarray:
    if isinstance(sum_, MixturePrediction):
        parts = [_improvement(part, over) for part in sum_.components]
        return np.einsum("kn,kn->n", sum_.weights, np.stack(parts))
    gap, std = sum_.means[:, 0] - over, sum_.deviations[:, 0]
    z = gap / np.where(std > 0.0, std, 1.0)
    found = gap * ndtr(z) + std * np.exp(-0.5 * np.square(z)) / np.sqrt(2.0 * np.pi)
    return np.where(std > 0.0, found, gap).clip(min=0.0)


def _reflected(values: np.ndarray, best: pd.DataFrame) -> np.ndarray:
    """Mean plus a multiple of the distance from it, such that the expectation is the score."""
    mean, score = best["mean"].to_numpy(), best["score"].to_numpy()
    distance = np.abs(values - mean)
    typical = distance.mean(axis=0)
    return mean + (score - mean) / np.where(typical > 0.0, typical, 1.0) * distance


def _require_number(value: Any, name: str, example: str) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value)):
        raise ParameterError(f"{name}={value!r}, expected a finite number, for example {name}={example}")
