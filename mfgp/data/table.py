"""Tables: what X, Y and noise have in common when they are read as numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from mfgp.errors import ColumnError, DataError, DataTypeError

MOST_NAMES = 5
CONVERT = "write pd.to_numeric({table}[{name!r}], errors='coerce') to read what is a number and leave NaN elsewhere"

Array: TypeAlias = NDArray[np.float64]
Table: TypeAlias = "pd.DataFrame | pd.Series[Any] | NDArray[Any]"


def as_table(values: Any, name: str) -> Table:
    """Take a frame or a series as it is, anything else as an array of at least one dimension.

    Parameters
    ----------
    values
        What the user gave.
    name
        What it is called in a message: X, Y or noise.

    Raises
    ------
    DataTypeError
        If it is sparse, or a frame of another library.
    DataError
        If it cannot be read as an array.
    """
    if isinstance(values, pd.DataFrame | pd.Series):
        return values
    if issparse(values):
        raise DataTypeError(
            f"{name} is a sparse {type(values).__name__} and only dense data can be used: write {name}.toarray()"
        )
    if hasattr(values, "to_pandas"):
        raise DataTypeError(f"{name} is a {type(values).__module__} table, expected pandas: write {name}.to_pandas()")
    try:
        array: NDArray[Any] = np.asanyarray(values)
    except ValueError as error:
        raise DataError(f"{name} cannot be read as a table with rows of one length: {error}") from error
    return array


def require_two_dimensions(table: Table, name: str) -> None:
    """Raise DataError unless the table has rows and columns."""
    if table.ndim != 2:
        raise DataError(
            f"{name} has the shape {table.shape}, expected (rows, columns). Reshape your data: {name}.to_frame() makes "
            f"one column of a series, {name}.reshape(-1, 1) one column and {name}.reshape(1, -1) one row of an array"
        )


def require_unique(columns: pd.Index, name: str) -> None:
    """Raise ColumnError if a column name comes twice."""
    repeated = columns[columns.duplicated()].unique()
    if len(repeated):
        raise ColumnError(
            f"{name} has {listed(repeated)} more than once: give each column its own name, or drop the others"
        )


def require_same_rows(table: Table, name: str, inputs: Any) -> None:
    """Raise DataError unless the table has the rows of the inputs.

    Parameters
    ----------
    table
        Its rows have to be as many and, if both have row labels, equally labelled.
    name
        What the table is called in a message.
    inputs
        X, or only the number of its rows.
    """
    pandas = pd.DataFrame | pd.Series
    if isinstance(inputs, int):
        rows = inputs
    else:
        rows = len(inputs) if isinstance(inputs, pandas) else len(np.asanyarray(inputs))
    if len(table) != rows:
        raise DataError(f"{name} has {len(table)} rows and X has {rows}: give one row of {name} for each row of X")
    if isinstance(table, pandas) and isinstance(inputs, pandas) and not table.index.equals(inputs.index):
        if table.index.is_unique and inputs.index.is_unique:
            order = f"write {name}.loc[X.index] to bring them into the order of X"
        else:
            order = "some come more than once, so give each row a label of its own to match them by"
        raise DataError(
            f"{name} and X have different row labels: {order}, or write {name}.set_axis(X.index) if the rows already "
            "belong together"
        )


def read_numbers(frame: pd.DataFrame, name: str, advice: str = CONVERT) -> Array:
    """Read every column as float64, NaN where a value is missing.

    Parameters
    ----------
    frame
        n rows and k columns of integers, floats, booleans, or objects that are numbers; nullable and Arrow columns too.
    name
        What the frame is called in a message.
    advice
        What to write instead of a column of text.

    Returns
    -------
    numpy.ndarray
        (n, k), C-contiguous and owned by the caller.

    Raises
    ------
    ColumnError
        If a column holds text, categories, dates or complex numbers.
    DataTypeError
        If a cell holds an object that is no number.
    DataError
        If a column holds an infinity.

    Examples
    --------
    >>> read_numbers(pd.DataFrame({"a": [True, False], "b": pd.array([1, None], dtype="Int64")}), "X")
    array([[ 1.,  1.],
           [ 0., nan]])
    """
    numbers = np.empty(frame.shape)
    for position, column in enumerate(frame.columns):
        values = numbers[:, position] = _read_column(frame.iloc[:, position], column, name, advice)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise DataError(
                f"column {column!r} of {name} holds infinity in {len(infinite)} of {len(values)} rows, first in row "
                f"{infinite[0]}: give finite values"
            )
    return numbers


def listed(names: Iterable[Hashable]) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(repr, names[:MOST_NAMES])) + more


def _read_column(values: pd.Series[Any], column: Hashable, name: str, advice: str) -> Array:
    dtype, where = values.dtype, f"column {column!r} of {name}"
    types, categorical = pd.api.types, isinstance(values.dtype, pd.CategoricalDtype)
    if types.is_complex_dtype(dtype):
        raise ColumnError(f"{where} holds complex numbers. Complex data not supported: give real and imaginary parts")
    if not categorical and (types.is_bool_dtype(dtype) or types.is_numeric_dtype(dtype)):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    present = values[values.notna()].to_numpy(dtype=object)
    texts = present if categorical else [value for value in present if isinstance(value, str | bytes)]
    if len(texts):
        kind = "categories" if categorical else "text"
        cure = advice.format(table=name, name=column)
        raise ColumnError(f"{where} holds {kind}, for example {texts[0]!r}, expected numbers: {cure}")
    if types.is_object_dtype(dtype) or not len(present):
        return _read_objects(values, present, where)
    raise ColumnError(
        f"{where} is of type {dtype}, for example {present[0]!s}, expected numbers: convert it to a number of units, "
        "such as the days since a first date"
    )


def _read_objects(values: pd.Series[Any], present: NDArray[Any], where: str) -> Array:
    numbers = np.full(len(values), np.nan)
    try:
        numbers[values.notna().to_numpy()] = present.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataTypeError(f"{where} holds an object that is not a number: {error}") from error
    return numbers
