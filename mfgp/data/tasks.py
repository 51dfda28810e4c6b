"""Tasks: the quantities and labels that a model learns, read from Y and given back in the form that Y had."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.labels import Labels, holds_labels
from mfgp.data.magnitudes import require_spread, require_squarable
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
    labels
        By position, the classes of each task that is a label: text, categories, or True and False.

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
    labels: Mapping[int, Labels] = field(default_factory=dict)

    @classmethod
    def learn(cls, Y: Any) -> Tasks:
        """Read the names of the tasks off Y, and the classes of labels.

        Raises
        ------
        DataTypeError
            If Y is sparse, or a frame of another library.
        DataError
            If Y is None, has no column, or not one or two dimensions.
        ColumnError
            If a task's name comes twice, or a column of text cannot be one of labels.
        """
        if Y is None:
            raise DataError("fit requires y to be passed, but the target y is None: give one column for each task")
        table = _columns(Y, "Y")
        names, form = _names(table)
        frame = pd.DataFrame(table)
        labels = {
            position: Labels.learn(frame.iloc[:, position], _where(name, "Y"))
            for position, name in enumerate(names)
            if holds_labels(frame.iloc[:, position])
        }
        return cls(names, form, labels)

    @property
    def latents(self) -> tuple[Hashable, ...]:
        """L names of what a model learns: the quantities, and the scores of the labels."""
        return tuple(name for task in range(len(self.names)) for name in self._latents_of(task))

    @property
    def spans(self) -> list[range]:
        """The places of each task's latents."""
        spans, start = [], 0
        for task in range(len(self.names)):
            spans.append(range(start, start + len(self._latents_of(task))))
            start = spans[-1].stop
        return spans

    @property
    def of_latents(self) -> NDArray[np.intp]:
        """(L,) the task that each latent is of."""
        return np.array([task for task, span in enumerate(self.spans) for _ in span])

    @property
    def numbers(self) -> NDArray[np.bool_]:
        """(L,) whether a latent is a task that is a number."""
        of_labels = {place for task in self.labels for place in self.spans[task]}
        return np.array([place not in of_labels for place in range(len(self.latents))])

    def concentrated(self, concentrations: Mapping[int, float]) -> Tasks:
        """The same tasks, with other concentrations of some of the labels, by position."""
        changed = {task: replace(self.labels[task], concentration=e) for task, e in concentrations.items()}
        return replace(self, labels={**self.labels, **changed})

    def observe(self, values: Array, noise: Array | None) -> tuple[Array, Array | None]:
        """Latents (n, L) and the deviations of their noise, from values (n, T) as `read` gives them.

        Numbers stay as they are. A label becomes observations of its scores with known noise.
        """
        if not self.labels:
            return values, noise
        blocks, deviations = [], []
        for task, column in enumerate(values.T):
            if task in self.labels:
                scores, deviation = self.labels[task].scores(column)
            else:
                scores = column[:, None]
                deviation = np.full_like(scores, np.nan) if noise is None else noise[:, [task]]
            blocks.append(scores)
            deviations.append(deviation)
        return np.hstack(blocks), np.hstack(deviations)

    def _latents_of(self, task: int) -> list[Hashable]:
        name = self.names[task]
        return [*self.labels[task].score_names(name)] if task in self.labels else [name]

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
            (n, T) float64, NaN where not measured; of a label, its code.

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
        values = self._read(Y, X, "Y", complete=True, labels=self.labels)
        empty = [name for name, column in zip(self.names, values.T, strict=True) if np.isnan(column).all()]
        if empty:
            raise DataError(
                f"Y has no value at all for {listed(empty)}: a task needs at least one; write "
                "Y.dropna(axis='columns', how='all') to leave out such tasks"
            )
        require_spread(values, self.names)
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
        return self._read(Y, X, name, complete=False, labels=self.labels)

    def read_noise(self, noise: Any, X: Any) -> Array:
        """Standard deviations of the values, in the units of their tasks.

        Returns
        -------
        numpy.ndarray
            (n, T) float64, NaN where not known, as in all of a task whose column is missing.

        Raises
        ------
        DataError
            As `read`, if a standard deviation is negative, or one of a label is given.
        ColumnError, DataTypeError
            As `read`, but for columns that are missing.
        """
        deviations = self._read(noise, X, "noise", complete=False, labels={})
        of_labels = [self.names[task] for task in self.labels if not np.isnan(deviations[:, task]).all()]
        if of_labels:
            raise DataError(f"noise is given for {listed(of_labels)}, whose values are labels: leave it out there")
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
            (n, T) numbers, one column for each task; of a label, codes.
        index
            n labels of a frame's or series' rows.
        """
        if not self.labels and self.form in ("matrix", "vector"):
            return values if self.form == "matrix" else values[:, 0]
        frame = pd.DataFrame(values, index=index, columns=pd.Index(self.names))
        for task, labels in self.labels.items():
            frame.isetitem(task, labels.values(values[:, task]))
        if self.form == "frame":
            return frame
        if self.form == "series":
            return frame.iloc[:, 0]
        whole: NDArray[Any] = frame.to_numpy(dtype=object)
        return whole if self.form == "matrix" else np.array(whole[:, 0].tolist())

    def present_numbers(self, values: Array, index: pd.Index) -> pd.DataFrame | pd.Series[Any] | NDArray[Any]:
        """As `present`, for numbers that are no labels' codes, whatever the tasks are."""
        return replace(self, labels={}).present(values, index)

    def _read(self, given: Any, X: Any, name: str, *, complete: bool, labels: Mapping[int, Labels]) -> Array:
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
        places = [self.names.index(column) for column in frame.columns]
        numbers = [position for position, task in enumerate(places) if task not in labels]
        values[:, [places[position] for position in numbers]] = read_numbers(frame.iloc[:, numbers], name)
        require_squarable(values, self.names, name)
        for position, task in enumerate(places):
            if task in labels:
                values[:, task] = labels[task].codes(frame.iloc[:, position], _where(self.names[task], name))
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


def _names(table: Table) -> tuple[tuple[Hashable, ...], Form]:
    if isinstance(table, pd.Series):
        return ("y" if table.name is None else table.name,), "series"
    if table.ndim == 1:
        return ("y",), "vector"
    if isinstance(table, pd.DataFrame):
        require_unique(table.columns, "Y")
        return tuple(table.columns), "frame"
    return tuple(f"y{position}" for position in range(table.shape[1])), "matrix"


def _where(name: Hashable, table: str) -> str:
    return f"column {name!r} of {table}"


def _columns(values: Any, name: str) -> Table:
    table = as_table(values, name)
    if table.ndim not in (1, 2) or table.shape[-1] == 0:
        raise DataError(
            f"{name} has the shape {table.shape}, expected (rows, tasks) or, for a single task, (rows,): give one "
            "column for each task"
        )
    return table
