"""Levels: the values of a categorical input, and the codes that stand for them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from mfgp.data.table import Array, listed
from mfgp.errors import ColumnError, DataError

Unseen = Literal["prior", "error"]


@dataclass(frozen=True)
class Levels:
    """The L levels of one column, in the order of their codes.

    Parameters
    ----------
    values
        L values that differ.

    Examples
    --------
    >>> levels = Levels.learn(pd.Series(["steel", "brass", "steel"]), "column 'metal' of X")
    >>> levels.values, levels.codes(pd.Series(["steel", "gold"]), "column 'metal' of X", "prior")
    (('brass', 'steel'), array([1., 2.]))
    """

    values: tuple[Hashable, ...]

    @classmethod
    def learn(cls, column: pd.Series[Any], where: str) -> Levels:
        """The levels that a column has: in the order of its categories where these are declared, else sorted.

        Text that was not declared as categories is looked at twice, as it may be an accident.

        Parameters
        ----------
        column
            Categories or text; missing values are no level.
        where
            What the column is called in a message.

        Raises
        ------
        ColumnError
            Most of the text is numbers, text and numbers are mixed, or every row has a text of its own.
        """
        present = column.dropna()
        if isinstance(column.dtype, pd.CategoricalDtype):
            found = set(present)
            return cls(tuple(value for value in column.cat.categories.tolist() if value in found))
        values = present.to_numpy(dtype=object).tolist()
        _require_no_accident(values, len(column), where)
        return cls(tuple(sorted(set(values))))

    def codes(self, column: pd.Series[Any], where: str, unseen: Unseen) -> Array:
        """(n,) code of each value, 0 to L - 1, NaN where it is missing.

        Levels that were not learned get codes from L on, one each, where `unseen` is "prior".

        Raises
        ------
        ColumnError
            A value is a number where the levels are text, or the other way round.
        DataError
            A level was not learned, and `unseen` is "error".
        """
        values = column.to_numpy(dtype=object)
        missing = column.isna().to_numpy()
        strangers = set(values[~missing]) - set(self.values)
        for value in strangers:
            if all(isinstance(value, str) != isinstance(level, str) for level in self.values):
                raise ColumnError(
                    f"{where} holds {value!r}, but the levels of the fit are {listed(self.values)}: convert it to "
                    "their type, by .astype(...), or fit anew"
                )
        if strangers and unseen == "error":
            raise DataError(
                f"{where} holds the levels {listed(sorted(strangers, key=str))} that the fit did not have, which were "
                f"{listed(self.values)}: leave these rows out, fit anew with them, or write unseen='prior' to have "
                "them predicted with the uncertainty of the prior"
            )
        code = {value: float(place) for place, value in enumerate([*self.values, *sorted(strangers, key=str)])}
        return np.array([np.nan if gap else code[value] for value, gap in zip(values, missing, strict=True)], float)


def holds_levels(column: pd.Series[Any]) -> bool:
    """Whether a column is one of categories or of text, at least in part.

    Examples
    --------
    >>> holds_levels(pd.Series(["a", None])), holds_levels(pd.Series([1.0, None], dtype=object))
    (True, False)
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype):
        return any(isinstance(value, str | bytes) for value in column)
    return False


def _require_no_accident(values: Sequence[Any], rows: int, where: str) -> None:
    others = [value for value in values if not isinstance(value, str | bytes)]
    texts = sorted({value for value in values if isinstance(value, str | bytes)}, key=str)
    read = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(dtype=float)
    words = [text for text, number in zip(texts, read, strict=True) if not np.isfinite(number)]
    declare = "if they are levels of a category, write .astype(str).astype('category') behind it"
    if others:
        raise ColumnError(
            f"{where} holds both numbers and text: {listed(texts)} among {len(others)} others, such as {others[0]!r}. "
            f"Write pd.to_numeric(..., errors='coerce') around it to find what is no number; {declare}"
        )
    if 2 * len(words) < len(texts):
        besides = f", besides {listed(words)}" if words else ""
        raise ColumnError(
            f"{where} holds numbers as text, for example {next(text for text in texts if text not in words)!r}"
            f"{besides}: write pd.to_numeric(..., errors='coerce') around it, and mend what becomes NaN; {declare}"
        )
    if rows == len(values) == len(texts) > 1:
        raise ColumnError(
            f"{where} holds a text of its own in each of the {rows} rows, for example {texts[0]!r}, of which nothing "
            "can be learned for other rows: leave it out, or make it the index; "
            "write .astype('category') behind it if it is a category all the same"
        )
