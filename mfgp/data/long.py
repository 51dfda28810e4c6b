"""Long tables, one measurement a line, turned into the wide ones that a model reads."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.table import Array, listed, read_numbers, require_unique
from mfgp.errors import ColumnError, DataError, DataTypeError


def from_long(
    frame: pd.DataFrame,
    *,
    inputs: Hashable | Iterable[Hashable],
    task: Hashable,
    value: Hashable,
    noise: Hashable | None = None,
    tasks: Sequence[Hashable] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Turn a table with one measurement a line into the wide frames X, Y and noise.

    Lines with equal inputs share a row. Inputs are equal only if every digit is. A task measured again at the same
    inputs is a replicate and is kept: the second measurement of each task goes into a second row with the same inputs,
    the third into a third. Which replicate of one task stands beside which of another has no meaning. Lines without a
    value (NaN) are measurements not made and are left out.

    Parameters
    ----------
    frame
        One measurement a line.
    inputs
        The columns that describe what was measured: one name or a list. They keep their types.
    task
        The column that names the quantity.
    value
        The column of values.
    noise
        The column of known standard deviations, in the units of the value, NaN where not known.
    tasks
        The tasks to take, in the order wanted (low fidelity first); others are left out. By default all of them, in
        the order of the categories if the column is categorical and of appearance if not.

    Returns
    -------
    X : pandas.DataFrame
        n rows in order of appearance, one column for each input.
    Y : pandas.DataFrame
        n rows, one column for each task, NaN where not measured.
    noise : pandas.DataFrame or None
        Same shape as Y, NaN where not known; None if no column of noise was named.

    Raises
    ------
    DataTypeError
        If `frame` is not a pandas frame, or `tasks` no list.
    ColumnError
        If a column is missing or named twice, or values are no numbers.
    DataError
        If the task of a line is missing, a task of `tasks` does not occur, a value is infinite, or none is left.

    Examples
    --------
    >>> long = pd.DataFrame({"size": [1, 1, 2, 1], "method": ["pbe", "hse", "pbe", "hse"], "gap": [0.5, 1.1, 0.7, 1.2]})
    >>> X, Y, noise = from_long(long, inputs="size", task="method", value="gap")
    >>> pd.concat([X, Y], axis=1)
       size  pbe  hse
    0     1  0.5  1.1
    1     2  0.7  NaN
    2     1  NaN  1.2
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataTypeError(f"frame is a {type(frame).__name__}, expected a pandas.DataFrame: write pd.DataFrame(...)")
    features: list[Hashable] = [inputs] if isinstance(inputs, str) or not isinstance(inputs, Iterable) else [*inputs]
    _require_columns(frame, [*features, task, value, *([] if noise is None else [noise])], bool(features))
    names = _task_names(frame[task], task, tasks)
    numbers = read_numbers(frame[[value] if noise is None else [value, noise]], "frame")
    measured = ~np.isnan(numbers[:, 0]) & frame[task].isin(names).to_numpy()
    if not measured.any():
        raise DataError(
            f"column {value!r} of frame has no value for any of the tasks {listed(names)}: give at least one"
        )

    lines, numbers = frame[measured], numbers[measured]
    row = _rows(lines, features, task)
    column = np.array([names.index(name) for name in lines[task]])
    first = np.unique(row, return_index=True)[1]
    X = lines[features].iloc[first].reset_index(drop=True)
    wide = [_spread(numbers[:, kind], row, column, (len(first), len(names))) for kind in range(numbers.shape[1])]
    Y, *deviations = [pd.DataFrame(values, columns=pd.Index(names)) for values in wide]
    return X, Y, deviations[0] if deviations else None


def _require_columns(frame: pd.DataFrame, columns: list[Hashable], has_inputs: bool) -> None:
    if not has_inputs:
        raise ColumnError("inputs is empty, expected at least one column: write inputs=['column', ...]")
    require_unique(frame.columns, "frame")
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ColumnError(f"frame lacks the columns {listed(missing)}: its columns are {listed(frame.columns)}")
    roles = pd.Index(columns, tupleize_cols=False)
    repeated = roles[roles.duplicated()].unique()
    if len(repeated):
        raise ColumnError(
            f"{listed(repeated)} is named more than once among inputs, task, value and noise: give each its own column"
        )


def _task_names(column: pd.Series[Any], task: Hashable, wanted: Sequence[Hashable] | None) -> list[Hashable]:
    if column.isna().any():
        raise DataError(
            f"column {task!r} of frame, the task, is missing in {column.isna().sum()} of {len(column)} lines: write "
            f"frame.dropna(subset=[{task!r}]) to leave these out"
        )
    present = column.unique().tolist()
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = [name for name in column.cat.categories if name in present]
    else:
        found = present
    if wanted is None:
        return found
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise DataTypeError(f"tasks={wanted!r}, expected a list of names: write tasks=[{wanted!r}]")
    absent = [name for name in wanted if name not in found]
    if absent:
        raise DataError(f"no line of frame is of the tasks {listed(absent)}: its tasks are {listed(found)}")
    require_unique(pd.Index(wanted, tupleize_cols=False), "tasks")
    return list(wanted)


def _rows(lines: pd.DataFrame, features: list[Hashable], task: Hashable) -> NDArray[np.intp]:
    """(lines,) row of each line by first appearance: its inputs, and how often its task came before at these."""
    point = lines.groupby(features, sort=False, dropna=False, observed=True).ngroup().to_numpy()
    repeat = lines.groupby([*features, task], sort=False, dropna=False, observed=True).cumcount().to_numpy()
    return pd.factorize(point * (repeat.max() + 1) + repeat)[0]


def _spread(numbers: Array, row: NDArray[np.intp], column: NDArray[np.intp], shape: tuple[int, int]) -> Array:
    values = np.full(shape, np.nan)
    values[row, column] = numbers
    return values
