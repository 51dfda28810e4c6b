"""Costs: what a measurement of each task costs at each row."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError, DataTypeError, ParameterError
from mfgp.expressions import Quantity, parse
from mfgp.optimization.inputs import quantity_at

Cost: TypeAlias = "float | Quantity | Callable[[pd.Series], float]"


@dataclass(frozen=True)
class Costs:
    """What a measurement of each task costs, in one unit for all tasks.

    Parameters
    ----------
    by_task
        For each task, low fidelity first: a number, a quantity whose names are inputs, or a function of a row (a
        Series of its inputs).

    Examples
    --------
    >>> costs = Costs.read({"pbe": "0.1 * atoms", "experiment": 20})
    >>> costs.tasks
    ('pbe', 'experiment')
    >>> costs.of(pd.DataFrame({"atoms": [10, 20]}), "pbe")
    array([1., 2.])
    """

    by_task: Mapping[Hashable, Cost]

    @classmethod
    def read(cls, costs: Any) -> Costs:
        """Costs as a user writes them: in place of a quantity a text that :func:`mfgp.parse` reads.

        Raises
        ------
        DataTypeError
            What is given is no mapping, or a cost neither a number, nor text, nor a quantity, nor a function.
        ParameterError
            There is no task, or a number is not positive and finite.
        ExpressionError
            A text is no expression.
        """
        if isinstance(costs, Costs):
            return costs
        if not isinstance(costs, Mapping):
            raise DataTypeError(
                f"costs is a {type(costs).__name__}, expected a cost for each task: write costs={{'cheap': 1, 'dear': "
                "20}, low fidelity first"
            )
        if not costs:
            raise ParameterError("costs is empty; write the cost of each task, such as costs={'cheap': 1, 'dear': 20}")
        return cls({task: _cost(task, cost) for task, cost in costs.items()})

    @property
    def tasks(self) -> tuple[Hashable, ...]:
        """The tasks, low fidelity first."""
        return tuple(self.by_task)

    def require_inputs(self, columns: Collection[Hashable]) -> None:
        """Raise ColumnError if a cost names what is no input."""
        for task, cost in self.by_task.items():
            if isinstance(cost, Quantity):
                missing = [name for name in cost.tasks if name not in columns]
                if missing:
                    raise ColumnError(
                        f"the cost of {task!r}, {cost!r}, names {listed(missing)}; the inputs are {listed(columns)}"
                    )

    def require_positive(self, inputs: pd.DataFrame) -> None:
        """Raise DataError if a quantity is not positive and finite at a row; functions are not called."""
        for task, cost in self.by_task.items():
            if isinstance(cost, Quantity):
                self.of(inputs, task)

    def of(self, inputs: pd.DataFrame, task: Hashable) -> np.ndarray:
        """Cost (n,) of a measurement of a task at each row.

        Parameters
        ----------
        inputs
            (n, d) inputs, by name.
        task
            One of the tasks.

        Raises
        ------
        ColumnError
            There is no such task, or the cost names what is no input.
        DataError
            A cost is not positive and finite, or a function fails at a row.
        """
        if task not in self.by_task:
            raise ColumnError(f"there is no cost of {task!r}; the tasks with costs are {listed(self.tasks)}")
        cost = self.by_task[task]
        if isinstance(cost, Quantity):
            values = quantity_at(cost, inputs)
        elif callable(cost):
            values = np.array([_called(cost, row, task) for _, row in inputs.iterrows()])
        else:
            values = np.full(len(inputs), float(cost))
        bad = np.flatnonzero(~(np.isfinite(values) & (values > 0.0)))
        if len(bad):
            where = inputs.iloc[bad[0]].to_dict()
            raise DataError(
                f"the cost of {task!r} is {values[bad[0]]:g} at {where}, and so in {len(bad)} of {len(values)} rows; "
                "give a cost that is positive and finite everywhere"
            )
        return values

    def table(self, inputs: pd.DataFrame, tasks: Sequence[Hashable]) -> np.ndarray:
        """Costs (n, T) of a measurement of each of some tasks at each row; see :meth:`of`.

        Examples
        --------
        >>> costs = Costs.read({"pbe": "0.1 * atoms", "hse": 20})
        >>> costs.table(pd.DataFrame({"atoms": [10, 30]}), ["hse", "pbe"])
        array([[20.,  1.],
               [20.,  3.]])
        """
        return np.column_stack([self.of(inputs, task) for task in tasks])


def _called(cost: Callable[[pd.Series], float], row: pd.Series, task: Hashable) -> float:
    try:
        return float(cost(row))
    except Exception as error:  # whatever a function of the user's own may raise
        raise DataError(
            f"the cost of {task!r} is a function that raises {type(error).__name__}: {error} at {row.to_dict()}; it is "
            "called with a Series of these inputs, and has to return a number"
        ) from error


def _cost(task: Hashable, cost: Any) -> Cost:
    if isinstance(cost, str):
        cost = parse(cost)
    if isinstance(cost, Quantity) or (callable(cost) and not isinstance(cost, type)):
        return cost
    if isinstance(cost, bool) or not isinstance(cost, Real):
        raise DataTypeError(
            f"the cost of {task!r} is {cost!r} of type {type(cost).__name__}, expected a number, a text in the inputs, "
            "such as '0.1 * atoms', or a function of a row"
        )
    if not math.isfinite(cost) or cost <= 0.0:
        raise ParameterError(f"the cost of {task!r} is {cost!r}, expected a positive, finite number")
    return float(cost)
