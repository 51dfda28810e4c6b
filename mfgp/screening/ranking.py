"""The best rows seen so far, in an order that does not depend on when they were seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

DIGITS = 40  # binary digits to which scores count; what lies beyond is rounding


@dataclass(frozen=True)
class Ranking:
    """At most `size` rows with the largest scores; of equal scores the row that comes first in the pool.

    Parameters
    ----------
    size
        How many rows are kept.
    figures
        One line a row kept, the best first: "row" in the pool, "score", and others.
    rows
        The pool's columns that belong to them, in the same order.

    Examples
    --------
    >>> figures = pd.DataFrame({"row": range(4), "score": [0.5, 0.9, 0.5, 0.1]})
    >>> Ranking.of(3, figures, pd.DataFrame({"name": list("abcd")})).rows.name.tolist()
    ['b', 'a', 'c']
    """

    size: int
    figures: pd.DataFrame
    rows: pd.DataFrame

    @classmethod
    def of(cls, size: int, figures: pd.DataFrame, rows: pd.DataFrame) -> Ranking:
        """The best of rows in any order."""
        order = np.lexsort((figures["row"], -figures["score"]))[:size]
        return cls(size, figures.iloc[order].reset_index(drop=True), rows.iloc[order].reset_index(drop=True))

    def followed_by(self, other: Ranking, rows: int) -> Ranking:
        """The best of both, where the other's rows are counted from so many on."""
        other = replace(other, figures=other.figures.assign(row=other.figures["row"] + rows))
        if not len(self.figures) or not len(other.figures):
            return self if len(self.figures) else other
        figures = pd.concat([self.figures, other.figures])
        return Ranking.of(self.size, figures, pd.concat([self.rows, other.rows]))


def rounded(scores: np.ndarray) -> np.ndarray:
    """Scores to 40 binary digits, so that rows that are equal but for rounding have equal scores.

    Examples
    --------
    >>> rounded(np.array([0.1 + 0.2])) == rounded(np.array([0.3]))
    array([ True])
    """
    mantissa, exponent = np.frexp(scores)
    with np.errstate(over="ignore"):
        found = np.ldexp(np.rint(np.ldexp(mantissa, DIGITS)), exponent - DIGITS)
    return np.where(np.isinf(found), scores, found)
