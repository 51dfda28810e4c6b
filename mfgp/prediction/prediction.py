"""What every prediction is: a joint distribution over tasks at each row, in the user's names and units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import pandas as pd

from mfgp.errors import ColumnError, DataError, DataTypeError, ParameterError
from mfgp.expressions import Condition, Expression, Quantity, parse
from mfgp.prediction.quadrature import Quadrature

if TYPE_CHECKING:
    from mfgp.prediction.event import ConditionPrediction
    from mfgp.prediction.function import FunctionPrediction

SHOWN = 10  # rows in the description of what may take long to compute


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(ABC):
    """Joint distribution of all T tasks at each of n rows; rows are taken one by one, tasks jointly.

    The moments are fields. A subclass says how the rest follows: how standard normals become draws, what the
    quantiles of each task are, and what is left for some of the rows or for weighted sums of the tasks.

    Parameters
    ----------
    tasks
        Names of the tasks.
    index
        Labels of the rows.
    means
        (n, T) means, in each task's unit.
    covariance
        (n, T, T) covariances between the tasks at each row.
    """

    tasks: tuple[Hashable, ...]
    index: pd.Index
    means: np.ndarray
    covariance: np.ndarray

    @property
    @abstractmethod
    def dimension(self) -> int:
        """How many standard normals a draw takes at each row."""

    @abstractmethod
    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Map standard normals to draws of the tasks: always the same map, and the one source of all draws.

        Parameters
        ----------
        normals
            (s, n, dimension) standard normals, or (s, 1, dimension) for the same at every row.

        Returns
        -------
        (s, n, T) draws, in the tasks' units.
        """

    @abstractmethod
    def take(self, rows: slice | np.ndarray) -> Self:
        """The prediction at some of the rows, by their places: a slice, or an array of whole numbers."""

    @abstractmethod
    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> Prediction:
        """The joint distribution of weighted sums of the tasks.

        Parameters
        ----------
        weights
            (T, m) weights, one column a sum.
        offsets
            (m,) constants that are added.
        names
            m names of the sums, which are the tasks of what is returned.
        """

    @abstractmethod
    def _quantiles(self, probability: float) -> np.ndarray:
        """(n, T) values below which each task lies with this probability, strictly between 0 and 1."""

    @property
    def mean(self) -> pd.DataFrame:
        """(n, T) means."""
        return self._frame(self.means)

    @property
    def std(self) -> pd.DataFrame:
        """(n, T) standard deviations."""
        return self._frame(self.deviations)

    @property
    def deviations(self) -> np.ndarray:
        """(n, T) standard deviations as an array."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2).clip(min=0.0))

    def quantile(self, probability: float) -> pd.DataFrame:
        """Value of each task that it stays below with this probability, (n, T).

        Raises
        ------
        ParameterError
            The probability is no number between 0 and 1.
        """
        return self._frame(self._quantiles(require_probability(probability, "probability")))

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """Central interval of each task, columns (task, "lower") and (task, "upper").

        Parameters
        ----------
        level
            Probability that the value lies inside, between 0 and 1.

        Raises
        ------
        ParameterError
            The level is no number between 0 and 1.
        """
        outside = (1.0 - require_probability(level, "level")) / 2.0
        bounds = np.stack([self._quantiles(outside), self._quantiles(1.0 - outside)], axis=-1)
        columns = pd.MultiIndex.from_product([pd.Index(self.tasks, tupleize_cols=False), ["lower", "upper"]])
        return pd.DataFrame(bounds.reshape(len(self), -1), self.index, columns)

    def sample(self, size: int, seed: int | None = None) -> np.ndarray:
        """Draws (size, n, T), tasks jointly within a row and rows independently.

        Examples
        --------
        >>> from mfgp.prediction import NormalPrediction
        >>> p = NormalPrediction(("a",), pd.RangeIndex(2), np.zeros((2, 1)), np.ones((2, 1, 1)))
        >>> p.sample(1000, seed=0).shape
        (1000, 2, 1)
        """
        return self.draw(np.random.default_rng(seed).standard_normal((size, len(self), self.dimension)))

    @overload
    def of(
        self, expression: Quantity, *, tolerance: float = ..., limit: int = ..., seed: int = ...
    ) -> FunctionPrediction: ...
    @overload
    def of(
        self, expression: Condition, *, tolerance: float = ..., limit: int = ..., seed: int = ...
    ) -> ConditionPrediction: ...
    @overload
    def of(self, expression: Expression | str, *, tolerance: float = ..., limit: int = ..., seed: int = ...) -> Any: ...
    def of(
        self, expression: Expression | str, *, tolerance: float = 0.01, limit: int = 1 << 16, seed: int = 0
    ) -> FunctionPrediction | ConditionPrediction:
        """The distribution of a function of the tasks, row by row; what is given or observed here is so there.

        Parameters
        ----------
        expression
            Made of :func:`mfgp.task`, or a text that :func:`mfgp.parse` reads: a quantity or a condition. A label is
            asked for its class by ``task("color") == "red"``.
        tolerance
            Largest standard error of what has no closed form: of means and deviations as a share of the row's
            deviation; of quantiles twice that share; of probabilities half the tolerance.
        limit
            Most draws at a row. If they are not enough, a :class:`~mfgp.errors.PrecisionWarning` says so.
        seed
            Of the draws.

        Returns
        -------
        For a quantity its mean, deviation, quantiles and draws; for a condition its probability.

        Raises
        ------
        ColumnError, ExpressionError
            A task is used that there is not, a label is used as a number or a number asked for its class, or the text
            is no expression.
        DataTypeError
            What is given is neither an expression nor text.
        ParameterError
            The tolerance, the limit or the seed means nothing, or a label has no such class.

        Examples
        --------
        >>> from mfgp import task
        >>> from mfgp.prediction import NormalPrediction
        >>> covariance = np.array([[[1.0, 0.9], [0.9, 1.0]]])
        >>> p = NormalPrediction(("low", "high"), pd.RangeIndex(1), np.array([[1.0, 1.5]]), covariance)
        >>> error = p.of(task("high") - task("low"))
        >>> error.mean.item(), error.std.round(3).item()
        (0.5, 0.447)
        >>> p.of("0 < high - low < 1").probability.round(3).item()
        0.736
        """
        from mfgp.prediction.classes import require_kinds
        from mfgp.prediction.event import ConditionPrediction
        from mfgp.prediction.function import FunctionPrediction
        from mfgp.prediction.labelled import labels_of

        quadrature = Quadrature(tolerance, limit, seed)
        if isinstance(expression, str):
            expression = parse(expression, self.tasks)
        if isinstance(expression, Expression):
            expression.require_tasks(self.tasks)
            require_kinds(expression, labels_of(self))
        if isinstance(expression, Condition):
            return ConditionPrediction(self, expression, quadrature)
        if isinstance(expression, Quantity):
            return FunctionPrediction(self, expression, quadrature)
        raise DataTypeError(
            f"{expression!r} of type {type(expression).__name__} is no expression; write one with mfgp.task, such as "
            "task('a') - task('b'), or as text, such as 'a - b'"
        )

    def __getitem__(self, task: Hashable) -> Prediction:
        """The prediction of one task alone."""
        if not isinstance(task, Hashable):
            raise ColumnError(f"{task!r} is no name of a task; take one task at a time, or columns of p.mean and p.std")
        if task not in self.tasks:
            raise ColumnError(f"there is no task {task!r}; the tasks are {list(self.tasks)}")
        place = self.tasks.index(task)
        return self.combine(np.eye(len(self.tasks))[:, [place]], np.zeros(1), (task,))

    def __len__(self) -> int:
        return len(self.index)

    def to_frame(self, level: float = 0.9) -> pd.DataFrame:
        """A flat table: mean, std, lower and upper of each task in columns named "<task>_mean" and so on."""
        interval = self.interval(level)
        columns = {}
        for place, task in enumerate(self.tasks):
            columns[f"{task}_mean"] = self.means[:, place]
            columns[f"{task}_std"] = self.deviations[:, place]
            columns[f"{task}_lower"] = interval[(task, "lower")].to_numpy()
            columns[f"{task}_upper"] = interval[(task, "upper")].to_numpy()
        return pd.DataFrame(columns, index=self.index)

    def __repr__(self) -> str:
        return f"Prediction of {len(self)} rows, tasks {list(self.tasks)}:\n{self.to_frame()!r}"

    def _one_for_each(self, values: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Values (n, T) in the tasks' order as an array, or a DataError where there are not as many as predictions."""
        array = np.asarray(values, dtype=float)
        if array.shape != self.means.shape:
            raise DataError(
                f"values have the shape {array.shape}, expected {self.means.shape}: one for each prediction"
            )
        return array

    def _frame(self, values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, self.index, pd.Index(self.tasks, tupleize_cols=False))


def require_probability(value: Any, name: str) -> float:
    """The value, if it is a number strictly between 0 and 1."""
    if not isinstance(value, Real) or not 0.0 < float(value) < 1.0:
        raise ParameterError(f"{name}={value!r}, expected a probability between 0 and 1, for example 0.9")
    return float(value)
