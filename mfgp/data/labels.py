"""Labels: the classes of a task that is no number, and the latent scores that stand for them.

A label becomes normal observations of latent scores with known noise, as in Dirichlet-based classification (Milios,
Camoriano, Michiardi, Rosasco & Filippone 2018, NeurIPS 31, section 4), so inference stays exact.
With the concentration e + 1 of a class that was seen and e of one that was not, the logarithm of a Gamma variable of
concentration a is taken for normal with variance v = log(1 + 1/a) and mean log(a) - v/2 (their equation 7).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mfgp.data.levels import Levels, holds_levels
from mfgp.data.table import Array
from mfgp.errors import ColumnError, DataError

CONCENTRATION = 0.03  # where nothing is known of the labels yet


@dataclass(frozen=True)
class Labels:
    """The K classes of one task.

    Three classes or more without an order have a score each, whose exponentials are in proportion to their
    probabilities. Ordered classes have K - 1 scores, one for each step from a class to those beyond it: the logarithm
    of the odds to go on, for those that have come so far (a continuation ratio; Agresti 2010, Analysis of Ordinal
    Categorical Data, section 4.2). Two classes are one step.

    Parameters
    ----------
    classes
        K values, in the order of their codes.
    ordered
        Whether the order means something.
    concentration
        e: the smaller, the surer a label is taken to tell the probabilities at its place.

    Examples
    --------
    >>> labels = Labels(("no", "yes"), ordered=False)
    >>> values, noise = labels.scores(np.array([1.0, 0.0, np.nan]))
    >>> values.round(2).tolist(), noise.round(2).tolist()
    ([[4.96], [-4.96], [nan]], [[2.05], [2.05], [nan]])
    >>> labels.probabilities(np.array([[0.0], [2.0]])).round(2).tolist()
    [[0.5, 0.5], [0.12, 0.88]]
    """

    classes: tuple[Hashable, ...]
    ordered: bool
    concentration: float = CONCENTRATION

    @classmethod
    def learn(cls, column: pd.Series[Any], where: str) -> Labels:
        """The classes of a column: in the order of its categories where these are ordered, else sorted.

        Raises
        ------
        ColumnError
            There is only one class, or the text is likely to be no label, as for :meth:`Levels.learn`.
        """
        if holds_booleans(column):
            found: tuple[Hashable, ...] = (False, True)
            ordered = False
        else:
            found = Levels.learn(column, where).values
            ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.cat.ordered)
        if not ordered:
            found = tuple(sorted(found, key=lambda value: (str(type(value)), value)))
        present = column.dropna().nunique()
        if present < 2:
            raise ColumnError(
                f"{where} has {present} class, expected two or more that differ: leave the task out, or add rows of "
                "another class"
            )
        return cls(found, ordered)

    @property
    def in_steps(self) -> bool:
        """Whether the scores are steps from class to class."""
        return self.ordered or len(self.classes) == 2

    @property
    def count(self) -> int:
        """L, the number of scores."""
        return len(self.classes) - self.in_steps

    def score_names(self, task: Hashable) -> list[str]:
        """(L,) names of the scores."""
        if self.in_steps:
            return [
                f"{task} > {value}" if self.ordered else f"{task} = {self.classes[1]}" for value in self.classes[:-1]
            ]
        return [f"{task} = {value}" for value in self.classes]

    def codes(self, column: pd.Series[Any], where: str) -> Array:
        """(n,) code of each label, 0 to K - 1, NaN where it is missing.

        Raises
        ------
        DataError
            A label is none of the classes.
        """
        code = {value: float(place) for place, value in enumerate(self.classes)}
        values, missing = column.to_numpy(dtype=object), column.isna().to_numpy()
        strangers = sorted({str(value) for value in values[~missing] if value not in code})
        if strangers:
            raise DataError(
                f"{where} holds the labels {', '.join(map(repr, strangers[:5]))}, expected classes of the fit: "
                f"{', '.join(map(repr, self.classes))}; leave them out, or fit with them"
            )
        return np.array([np.nan if gap else code[value] for value, gap in zip(values, missing, strict=True)], float)

    def scores(self, codes: Array) -> tuple[Array, Array]:
        """Observations of the scores (n, L) and the deviations of their noise (n, L), NaN where nothing is observed."""
        seen, unseen = _log_gamma(1.0 + self.concentration), _log_gamma(self.concentration)
        code, place = codes[:, None], np.arange(self.count)
        if self.in_steps:
            value = np.where(code > place, 1.0, -1.0) * (seen[0] - unseen[0])
            deviation = np.full_like(value, np.sqrt(seen[1] + unseen[1]))
            reached = code >= place
        else:
            value = np.where(code == place, seen[0], unseen[0])
            deviation = np.sqrt(np.where(code == place, seen[1], unseen[1]))
            reached = ~np.isnan(code) & (place >= 0)
        return np.where(reached, value, np.nan), np.where(reached, deviation, np.nan)

    def probabilities(self, scores: Array) -> Array:
        """Probabilities (..., K) of the classes for scores (..., L)."""
        if not self.in_steps:
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            return weights / weights.sum(axis=-1, keepdims=True)
        onward = 0.5 * (1.0 + np.tanh(0.5 * scores))
        ones = np.ones_like(onward[..., :1])
        reach = np.concatenate([ones, np.cumprod(onward, axis=-1)], axis=-1)
        return reach * np.concatenate([0.5 * (1.0 - np.tanh(0.5 * scores)), ones], axis=-1)

    def values(self, codes: Array) -> pd.Categorical:
        """The classes that codes (n,) stand for, missing where a code is NaN."""
        places = np.where(np.isnan(codes), -1, codes).astype(int).tolist()
        return pd.Categorical.from_codes(places, pd.Index(self.classes), ordered=self.ordered)


def holds_labels(column: pd.Series[Any]) -> bool:
    """Whether a column is one of labels: text, categories, or True and False.

    Examples
    --------
    >>> holds_labels(pd.Series([True, None], dtype=object)), holds_labels(pd.Series([1, 0]))
    (True, False)
    """
    return holds_booleans(column) or holds_levels(column)


def holds_booleans(column: pd.Series[Any]) -> bool:
    """Whether a column holds True and False only, missing values aside."""
    if pd.api.types.is_bool_dtype(column.dtype) and not isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if not pd.api.types.is_object_dtype(column.dtype):
        return False
    present = column[column.notna()]
    return len(present) > 0 and all(isinstance(value, bool | np.bool_) for value in present)


def _log_gamma(concentration: float) -> tuple[float, float]:
    """Mean and variance of the normal that stands for the logarithm of a Gamma variable."""
    variance = float(np.log1p(1.0 / concentration))
    return float(np.log(concentration)) - 0.5 * variance, variance


def as_array(classes: Sequence[Any]) -> np.ndarray:
    """An array of classes, of objects where they are of several types or sequences themselves."""
    types = {type(value) for value in classes}
    if len(types) == 1 and not issubclass(types.pop(), (tuple, frozenset)):
        return np.array(classes)
    found = np.empty(len(classes), dtype=object)
    found[:] = classes
    return found
