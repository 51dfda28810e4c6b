"""Inputs: the named columns that a model was fitted on, numbers and categories, found again in what is predicted."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.levels import Levels, Unseen, holds_levels
from mfgp.data.table import Array, as_table, listed, read_numbers, require_two_dimensions, require_unique
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
    levels
        By position, the levels of each column that is categorical: one of pandas' categories, or of text.

    Examples
    --------
    >>> inputs = Inputs.learn(pd.DataFrame({"radius": [1.0, 2.0], "charge": [3, 4]}))
    >>> x, index = inputs.read(pd.DataFrame({"charge": [5], "radius": [0.5]}, index=["new"]))
    >>> x, list(index)
    (array([[0.5, 5. ]]), ['new'])
    >>> Inputs.learn(pd.DataFrame({"metal": ["tin", "lead", "tin"]})).levels
    {0: Levels(values=('lead', 'tin'))}
    """

    columns: tuple[Hashable, ...]
    named: bool
    levels: Mapping[int, Levels] = field(default_factory=dict)

    @classmethod
    def learn(cls, X: Any) -> Inputs:
        """Read the column names off a frame, or count the columns of an array, and read the levels of categories.

        Raises
        ------
        DataTypeError
            If X is sparse, or a frame of another library.
        DataError
            If X has no two dimensions, no row or no column.
        ColumnError
            If a column name comes twice, or a column of text is likely to be none of categories.
        """
        table = as_table(X, "X")
        frame = _frame(table)
        levels = {
            position: Levels.learn(frame.iloc[:, position], _where(column))
            for position, column in enumerate(frame.columns)
            if holds_levels(frame.iloc[:, position])
        }
        return cls(tuple(frame.columns), isinstance(table, pd.DataFrame), levels)

    @property
    def feature_names_in(self) -> NDArray[np.object_] | None:
        """The names as scikit-learn keeps them: (d,) objects if each is the user's and a string, else None."""
        if self.named and all(isinstance(column, str) for column in self.columns):
            return np.array(self.columns, dtype=object)
        return None

    @property
    def counts(self) -> dict[int, int]:
        """The number of levels of each categorical column, by position."""
        return {position: len(levels.values) for position, levels in self.levels.items()}

    def only(self, x: Array) -> Inputs:
        """The same inputs with those levels alone that rows (n, d), as `read` gives them, have."""
        kept = {}
        for position, levels in self.levels.items():
            present = np.unique(x[:, position]).astype(int)
            kept[position] = Levels(tuple(levels.values[code] for code in present))
        return replace(self, levels=kept)

    def read(self, X: Any, unseen: Unseen = "prior") -> tuple[Array, pd.Index]:
        """The inputs as numbers, in the order of `fit`, and the labels of their rows; a category as its level's code.

        Columns of a frame may come in any order. An array for a model fitted on a frame, or the other way round, is
        read by position with a warning, as scikit-learn does.

        Parameters
        ----------
        X
            (n, d) frame or array.
        unseen
            What is done with levels that the fit did not have: "prior" gives them codes of their own, from the number
            of levels on; "error" refuses them.

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
            If X has no two dimensions, no row, another number of columns, a missing value or an infinity, or a level
            that the fit did not have where these are refused.
        ColumnError
            If a column is missing, unknown, duplicated, or no numbers where the fit had numbers.
        """
        table = as_table(X, "X")
        frame = _frame(table)
        if self.named and isinstance(table, pd.DataFrame):
            self._require_columns(frame.columns)
            frame = frame[list(self.columns)]
        else:
            self._require_width(frame, isinstance(table, pd.DataFrame))
        x = np.empty(frame.shape)
        numeric = [position for position in range(frame.shape[1]) if position not in self.levels]
        x[:, numeric] = read_numbers(frame.iloc[:, numeric], "X")
        for position, levels in self.levels.items():
            x[:, position] = levels.codes(frame.iloc[:, position], _where(frame.columns[position]), unseen)
        _require_complete(x, frame.columns)
        return x, frame.index

    def table(self, X: Any) -> pd.DataFrame:
        """The inputs as a frame of numbers and categories, in the order of `fit`.

        Examples
        --------
        >>> X = pd.DataFrame({"metal": ["tin", "lead", "tin"], "amount": [1, 2, 3]})
        >>> [str(dtype) for dtype in Inputs.learn(X).table(X).dtypes]
        ['category', 'float64']
        """
        x, index = self.read(X, unseen="error")
        frame = pd.DataFrame(x, index, pd.Index(self.columns, tupleize_cols=False))
        for position, levels in self.levels.items():
            categories = pd.Categorical.from_codes(x[:, position].astype(int).tolist(), pd.Index(levels.values))
            frame.isetitem(position, categories)
        return frame

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


def _where(column: Hashable) -> str:
    return f"column {column!r} of X"


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
            "or fill them, numbers by an imputer and categories by a level of their own, such as 'unknown'"
        )
