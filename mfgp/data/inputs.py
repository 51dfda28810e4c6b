"""Inputs: the named columns that a model was fitted on, found again in whatever is predicted."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.table import ENCODE, Array, as_table, listed, read_numbers, require_two_dimensions, require_unique
from mfgp.errors import ColumnError, DataError


@dataclass(frozen=True)
class Inputs:
    """The d input columns in the order of `fit`.

    Parameters
    ----------
    columns
        d names; those of an array are "x0", "x1" and so on.
    named
        Whether the names are the user's, so that columns are found by name and not by position.

    Examples
    --------
    >>> inputs = Inputs.learn(pd.DataFrame({"radius": [1.0, 2.0], "charge": [3, 4]}))
    >>> x, index = inputs.read(pd.DataFrame({"charge": [5], "radius": [0.5]}, index=["new"]))
    >>> x, list(index)
    (array([[0.5, 5. ]]), ['new'])
    """

    columns: tuple[Hashable, ...]
    named: bool

    @classmethod
    def learn(cls, X: Any) -> Inputs:
        """Read the column names off a frame, or count the columns of an array.

        Raises
        ------
        DataTypeError
            If X is sparse, or a frame of another library.
        DataError
            If X has no two dimensions, no row or no column.
        ColumnError
            If a column name comes twice.
        """
        table = as_table(X, "X")
        frame = _frame(table)
        return cls(tuple(frame.columns), isinstance(table, pd.DataFrame))

    @property
    def feature_names_in(self) -> NDArray[np.object_] | None:
        """The names as scikit-learn keeps them: (d,) objects if each is the user's and a string, else None."""
        if self.named and all(isinstance(column, str) for column in self.columns):
            return np.array(self.columns, dtype=object)
        return None

    def read(self, X: Any) -> tuple[Array, pd.Index]:
        """The inputs as numbers, in the order of `fit`, and the labels of their rows.

        Columns of a frame may come in any order. An array for a model fitted on a frame, or the other way round, is
        read by position with a warning, as scikit-learn does.

        Returns
        -------
        numpy.ndarray
            (n, d) float64, C-contiguous and owned by the caller.
        pandas.Index
            n row labels; those of an array count from 0.

        Raises
        ------
        DataTypeError
            If X is sparse, a frame of another library, or holds objects that are no numbers.
        DataError
            If X has no two dimensions, no row, another number of columns, a missing value or an infinity.
        ColumnError
            If a column is missing, unknown, duplicated or no numbers.
        """
        table = as_table(X, "X")
        frame = _frame(table)
        if self.named and isinstance(table, pd.DataFrame):
            self._require_columns(frame.columns)
            frame = frame[list(self.columns)]
        else:
            self._require_width(frame, isinstance(table, pd.DataFrame))
        numbers = read_numbers(frame, "X", ENCODE)
        _require_complete(numbers, frame.columns)
        return numbers, frame.index

    def _require_columns(self, columns: pd.Index) -> None:
        missing = [column for column in self.columns if column not in columns]
        unknown = [column for column in columns if column not in self.columns]
        if missing:
            raise ColumnError(f"X lacks the columns {listed(missing)} of the fit: give all of {listed(self.columns)}")
        if unknown:
            raise ColumnError(
                f"X has the columns {listed(unknown)} that the fit did not have: write "
                f"X[[{listed(self.columns)}]], or fit with them"
            )

    def _require_width(self, frame: pd.DataFrame, named: bool) -> None:
        if frame.shape[1] != len(self.columns):
            raise DataError(
                f"X has {frame.shape[1]} features, but mfgp is expecting {len(self.columns)} features as input: give "
                f"one column for each of {listed(self.columns)}"
            )
        if self.named:
            warnings.warn(
                f"X does not have valid feature names, but the model was fitted with {listed(self.columns)}: its "
                "columns are read in that order; give a frame to have them found by name",
                stacklevel=4,
            )
        elif named:
            warnings.warn(
                "X has feature names, but the model was fitted without: its columns are read by position; fit with a "
                "frame to have them found by name",
                stacklevel=4,
            )


def _frame(table: Any) -> pd.DataFrame:
    require_two_dimensions(table, "X")
    for count, noun in zip(table.shape, ("row", "feature"), strict=True):
        if count == 0:
            raise DataError(f"X has 0 {noun}(s) (shape={table.shape}) while a minimum of 1 is required.")
    if isinstance(table, pd.DataFrame):
        require_unique(table.columns, "X")
        return table
    return pd.DataFrame(table, columns=[f"x{position}" for position in range(table.shape[1])])


def _require_complete(numbers: Array, columns: pd.Index) -> None:
    missing = np.isnan(numbers).sum(axis=0)
    incomplete = np.flatnonzero(missing)
    if len(incomplete):
        counts = ", ".join(f"{columns[position]!r} in {missing[position]} rows" for position in incomplete[:5])
        raise DataError(
            f"X holds NaN, of {len(numbers)} rows: {counts}. Every input has to be known: drop these rows or columns, "
            "or fill them with an imputer"
        )
