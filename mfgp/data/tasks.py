"""Tasks: the quantities that a model learns, read from Y and given back in the form that Y had."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.table import Array, Table, as_table, listed, read_numbers, require_same_rows, require_unique
from mfgp.errors import ColumnError, DataError

Form = Literal["frame", "series", "matrix", "vector"]


@dataclass(frozen=True)
class Tasks:
    """The T tasks in the order of Y's columns.

    Parameters
    ----------
    names
        T names. A series without a name and a 1-D array are one task "y"; the columns of a 2-D array are "y0", "y1"
        and so on.
    form
        What Y was: a frame, a series, or an array of two dimensions (matrix) or of one (vector).

    Examples
    --------
    >>> Y = pd.DataFrame({"computed": [1.0, 2.0], "measured": [1.5, None]})
    >>> tasks = Tasks.learn(Y)
    >>> tasks.names
    ('computed', 'measured')
    >>> tasks.read(Y, [[0.0], [1.0]])
    array([[1. , 1.5],
           [2. , nan]])
    >>> tasks.present(np.array([[3.0, 4.0]]), pd.Index(["new"]))
         computed  measured
    new       3.0       4.0
    """

    names: tuple[Hashable, ...]
    form: Form

    @classmethod
    def learn(cls, Y: Any) -> Tasks:
        """Read the names of the tasks off Y.

        Raises
        ------
        DataTypeError
            If Y is sparse, or a frame of another library.
        DataError
            If Y is None, has no column, or not one or two dimensions.
        ColumnError
            If a task's name comes twice.
        """
        if Y is None:
            raise DataError("fit requires y to be passed, but the target y is None: give one column for each task")
        table = _columns(Y, "Y")
        if isinstance(table, pd.Series):
            return cls(("y" if table.name is None else table.name,), "series")
        if table.ndim == 1:
            return cls(("y",), "vector")
        if isinstance(table, pd.DataFrame):
            require_unique(table.columns, "Y")
            return cls(tuple(table.columns), "frame")
        return cls(tuple(f"y{position}" for position in range(table.shape[1])), "matrix")

    def read(self, Y: Any, X: Any) -> Array:
        """The values to learn from.

        Parameters
        ----------
        Y
            n rows, one column for each task, NaN where not measured. The columns of a frame may come in any order.
        X
            The inputs of the same rows, or only their number. If both have row labels, these have to be equal.

        Returns
        -------
        numpy.ndarray
            (n, T) float64, NaN where not measured.

        Raises
        ------
        DataError
            If rows or columns are not as many as expected, row labels differ, a value is infinite, or a task has no
            value at all.
        ColumnError
            If a column is missing, unknown, duplicated or no numbers.
        DataTypeError
            If a cell holds an object that is no number.
        """
        values = self._read(Y, X, "Y", complete=True)
        empty = [name for name, column in zip(self.names, values.T, strict=True) if np.isnan(column).all()]
        if empty:
            raise DataError(
                f"Y has no value at all for {listed(empty)}: a task needs at least one; write "
                "Y.dropna(axis='columns', how='all') to leave out such tasks"
            )
        return values

    def read_given(self, Y: Any, X: Any, name: str = "given") -> Array:
        """Values known at rows to be predicted: as `read`, but tasks may lack columns and values.

        Parameters
        ----------
        Y, X
            As in `read`.
        name
            What Y is called in a message.

        Returns
        -------
        numpy.ndarray
            (n, T) float64, NaN where not known.

        Raises
        ------
        DataError, ColumnError, DataTypeError
            As `read`, but for columns and values that are missing.
        """
        return self._read(Y, X, name, complete=False)

    def read_noise(self, noise: Any, X: Any) -> Array:
        """Standard deviations of the values, in the units of their tasks.

        Returns
        -------
        numpy.ndarray
            (n, T) float64, NaN where not known, as in all of a task whose column is missing.

        Raises
        ------
        DataError
            As `read`, and if a standard deviation is negative.
        ColumnError, DataTypeError
            As `read`, but for columns that are missing.
        """
        deviations = self._read(noise, X, "noise", complete=False)
        negative = [name for name, column in zip(self.names, deviations.T, strict=True) if (column < 0).any()]
        if negative:
            raise DataError(
                f"noise is negative for {listed(negative)}: give standard deviations, zero or more, and NaN where "
                "one is not known"
            )
        return deviations

    def present(self, values: Array, index: pd.Index) -> pd.DataFrame | pd.Series[Any] | NDArray[Any]:
        """Give (n, T) numbers back in the form that Y had: frame, series, 2-D or 1-D array.

        Parameters
        ----------
        values
            (n, T) numbers, one column for each task.
        index
            n labels of a frame's or series' rows.
        """
        if self.form == "frame":
            return pd.DataFrame(values, index=index, columns=pd.Index(self.names))
        if self.form == "series":
            return pd.Series(values[:, 0], index=index, name=self.names[0])
        return values if self.form == "matrix" else values[:, 0]

    def _read(self, given: Any, X: Any, name: str, *, complete: bool) -> Array:
        table = _columns(given, name)
        require_same_rows(table, name, X)
        frame = self._by_name(table, name)
        missing = [task for task in self.names if task not in frame.columns]
        unknown = [column for column in frame.columns if column not in self.names]
        if unknown:
            raise ColumnError(f"{name} has the columns {listed(unknown)} that are no tasks: give {listed(self.names)}")
        if missing and complete:
            raise ColumnError(f"{name} lacks the columns {listed(missing)}: give all of {listed(self.names)}")
        values = np.full((len(frame), len(self.names)), np.nan)
        values[:, [self.names.index(column) for column in frame.columns]] = read_numbers(frame, name)
        return values

    def _by_name(self, table: Table, name: str) -> pd.DataFrame:
        if isinstance(table, pd.DataFrame):
            require_unique(table.columns, name)
            return table
        if isinstance(table, pd.Series) and table.name in self.names:
            return table.to_frame()
        frame = pd.DataFrame(table)
        if frame.shape[1] != len(self.names):
            raise DataError(
                f"{name} has no column names and its shape is {table.shape}, expected a column for each of the "
                f"{len(self.names)} tasks: give a frame with columns from {listed(self.names)}"
            )
        return frame.set_axis(pd.Index(self.names, tupleize_cols=False), axis="columns")


def _columns(values: Any, name: str) -> Table:
    table = as_table(values, name)
    if table.ndim not in (1, 2) or table.shape[-1] == 0:
        raise DataError(
            f"{name} has the shape {table.shape}, expected (rows, tasks) or, for a single task, (rows,): give one "
            "column for each task"
        )
    return table
