"""Rows of a pool that cannot be scored: which, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mfgp.data.inputs import Inputs
from mfgp.data.table import read_numbers

LISTED = 1000
MISSING, NO_NUMBER, INFINITE, NO_FEATURES = "missing", "no number", "infinite", "no features"
UNSEEN, NO_CLASS = "unseen level", "unseen class"
NEGATIVE, NOT_POSITIVE, UNDEFINED = "negative", "not positive", "undefined"
COLUMNS = ["row", "column", "problem", "value"]


@dataclass(frozen=True)
class BadRows:
    """Rows that were not scored, the first 1,000 of them listed, all of them counted.

    Parameters
    ----------
    listed
        The "row" in the pool, the first "column" that is to blame, the "problem", and the "value" there as text.
    counts
        Rows by (column, problem).
    """

    listed: pd.DataFrame
    counts: Mapping[tuple[str, str], int]

    @classmethod
    def none(cls) -> BadRows:
        """No bad row."""
        return cls(pd.DataFrame({name: pd.Series(dtype=int if name == "row" else object) for name in COLUMNS}), {})

    @classmethod
    def of(cls, rows: pd.DataFrame) -> BadRows:
        """The rows of one chunk."""
        if not len(rows):
            return cls.none()
        pairs = zip(rows["column"].astype(str), rows["problem"], strict=True)
        return cls(rows[COLUMNS].head(LISTED), dict(sorted(Counter(pairs).items())))

    def followed_by(self, other: BadRows, rows: int) -> BadRows:
        """The rows of both, where the other's are counted from so many on."""
        if not other.counts:
            return self
        later = other.listed.assign(row=other.listed["row"] + rows)
        listed = pd.concat([self.listed, later], ignore_index=True).head(LISTED) if self.counts else later
        keys = sorted({*self.counts, *other.counts})
        return BadRows(listed, {key: self.counts.get(key, 0) + other.counts.get(key, 0) for key in keys})

    @property
    def total(self) -> int:
        """How many rows were not scored."""
        return sum(self.counts.values())


class Sieve:
    """Parts the rows of a chunk into those that can be predicted and those that cannot.

    Parameters
    ----------
    inputs
        What the model takes.
    strict
        Whether levels that the fit did not have are refused.
    known
        Columns of values of tasks, which may be missing in a row.
    noise
        Columns of their standard deviations, which may be missing too.
    positive
        Columns of numbers that have to be there and larger than zero: costs.
    classes
        By column of known labels, which may be missing in a row, the classes of the fit.
    origins
        By input that was made from another column, that column, which is to blame where there is no input.
    """

    def __init__(
        self,
        inputs: Inputs,
        strict: bool,
        known: Iterable[str],
        noise: Iterable[str],
        positive: Iterable[str],
        classes: Mapping[str, Sequence[Hashable]],
        origins: Mapping[Hashable, str],
    ) -> None:
        self.inputs, self.strict, self.classes, self.origins = inputs, strict, classes, origins
        self.known, self.noise, self.positive = list(known), list(noise), list(positive)

    def part(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows that are good, their numbers read; and of the bad ones "row", "column", "problem" and "value".

        The index of the good rows is their row in the chunk, as is "row" of the bad ones.
        """
        frame = frame.reset_index(drop=True)
        numeric = [name for place, name in enumerate(self.inputs.columns) if place not in self.inputs.levels]
        problems = pd.Series([None] * len(frame), dtype=object)
        columns = problems.copy()
        cleaned: dict[Hashable, Any] = {}
        needed = [*numeric, *self.positive]
        for name in dict.fromkeys([*needed, *self.known, *self.noise]):
            numbers, found = _read(frame[name], name not in needed)
            if found is None and (name not in [*self.noise, *self.positive] or (numbers > 0.0).all()):
                cleaned[name] = numbers
                continue
            found = np.full(len(frame), "", dtype=object) if found is None else found
            if name in self.noise:
                found[numbers < 0.0] = NEGATIVE
            if name in self.positive:
                found[(numbers <= 0.0) & (found == "")] = NOT_POSITIVE
            cleaned[name] = numbers
            if name in self.origins:
                found[found == MISSING] = NO_FEATURES
            _note(problems, columns, found, self.origins.get(name, name))
        for place, levels in self.inputs.levels.items():
            name = self.inputs.columns[place]
            found = np.where(frame[name].isna(), MISSING, "").astype(object)
            if self.strict:
                found[~frame[name].isin(levels.values).to_numpy() & (found == "")] = UNSEEN
            _note(problems, columns, found, name)
        for name, known in self.classes.items():
            found = np.where(frame[name].isna() | frame[name].isin(list(known)), "", NO_CLASS).astype(object)
            _note(problems, columns, found, name)
        bad = problems.notna().to_numpy()
        good = frame[~bad].copy()
        for name, numbers in cleaned.items():
            good[name] = numbers[~bad]
        places = np.flatnonzero(bad)
        blamed = columns[bad].to_numpy()
        values = np.full(len(places), "", dtype=object)
        for name in dict.fromkeys(blamed):
            values[blamed == name] = [
                str(value) for value in frame[name].to_numpy(dtype=object)[places[blamed == name]]
            ]
        listed = pd.DataFrame({"row": places, "column": blamed, "problem": problems[bad].to_numpy(), "value": values})
        return good, listed


def _note(problems: pd.Series[Any], columns: pd.Series[Any], found: np.ndarray, name: Hashable) -> None:
    """Keep the first problem of each row."""
    fresh = (found != "") & problems.isna().to_numpy()
    problems[fresh] = found[fresh]
    columns[fresh] = name


def _read(column: pd.Series[Any], may_be_missing: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Numbers (n,), and what is wrong with each, "" if nothing; None if nothing is with any."""
    types = pd.api.types
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype):
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        numbers = read_numbers(column.to_frame(), "the pool")[:, 0]
    if np.isfinite(numbers).all():
        return numbers, None
    missing = column.isna().to_numpy()
    found = np.full(len(column), "", dtype=object)
    found[np.isnan(numbers)] = NO_NUMBER
    found[missing] = "" if may_be_missing else MISSING
    found[np.isinf(numbers)] = INFINITE
    return numbers, found
