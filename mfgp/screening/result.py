"""What a screening has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from mfgp.errors import ParameterError
from mfgp.expressions import Condition
from mfgp.screening.criterion import Criterion
from mfgp.screening.histogram import Histogram
from mfgp.screening.precision import Precision

SHOWN = 10


class Hits(NamedTuple):
    """Expected number of rows for which the condition holds, and the standard deviation of that number."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False, repr=False)
class Screening:
    """The best rows of a pool, and what the rest of it looked like.

    Parameters
    ----------
    best
        By rank from 1 on: the "row" of the pool, the columns that were to be kept, "score", the "mean", "std", "lower"
        and "upper" end of the interval of what is ranked, and the "probability" of the condition. Where the condition
        alone says what is looked for and has several tasks, their figures are "<task>_mean" and so on.
    diverse
        The rows that are best together, by the order in which they were chosen: their "rank", the columns of `best`,
        what each adds ("gain") and what they are worth so far ("together"). None if they were not asked for.
    histogram
        Of the scores of all rows.
    bad
        The first 1,000 rows that have no score: "row", the "column" to blame, the "problem" and the "value".
    bad_counts
        How many there are, by (column, problem).
    rows, ranked
        How many rows the pool has, and how many were ranked.
    where, rank_by
        The condition and the criterion.
    precision
        In what precision the pool was scored.
    together
        (s, m) for the first of the best rows, 1 where the condition holds at draws of all of them jointly; None where
        there is no condition or no joint distribution.
    """

    best: pd.DataFrame
    diverse: pd.DataFrame | None
    histogram: Histogram
    bad: pd.DataFrame
    bad_counts: pd.Series
    rows: int
    ranked: int
    where: Condition | None
    rank_by: Criterion
    precision: Precision
    together: np.ndarray | None = field(default=None)

    def expected_hits(self, k: int | None = None) -> Hits:
        """How many of the k best rows fulfil the condition.

        The deviation takes into account that rows which are alike are hits together, where the model has a joint
        distribution of rows and for the first 1,000 of them; else rows count as independent.

        Parameters
        ----------
        k
            How many; all of `best` by default.

        Raises
        ------
        ParameterError
            There is no condition, or there are not so many rows.
        """
        if self.where is None:
            raise ParameterError("there is no condition to fulfil; screen with where='1.1 < gap < 1.7'")
        k = len(self.best) if k is None else k
        if not isinstance(k, int | np.integer) or isinstance(k, bool) or not 0 <= k <= len(self.best):
            raise ParameterError(f"k={k!r}, expected a number of rows up to {len(self.best)}; raise top= for more")
        probability = self.best["probability"].to_numpy()[:k]
        alone = probability * (1.0 - probability)
        if self.together is None:
            return Hits(float(probability.sum()), float(np.sqrt(alone.sum())))
        drawn = self.together[:, :k]
        variance = drawn.sum(axis=1).var() + alone[drawn.shape[1] :].sum()
        return Hits(float(probability.sum()), float(np.sqrt(variance)))

    def to_frame(self) -> pd.DataFrame:
        """The best rows as a flat table, "rank" first."""
        return self.best.reset_index()

    def report(self) -> str:
        """What was asked, how much was gone through, and what is to be expected, in a few lines."""
        lines = [f"{self.rows:,} rows screened by the {self.rank_by}, {self.precision}"]
        if self.where is not None:
            lines.append(f"where {self.where!r}")
        bad = int(self.bad_counts.sum())
        if self.ranked < self.rows - bad:
            lines.append(f"{self.ranked:,} rows are probable enough to be ranked")
        if bad:
            counts = zip(self.bad_counts.index.to_flat_index(), self.bad_counts, strict=True)
            reasons = ", ".join(f"{column} {problem} ({count:,})" for (column, problem), count in counts)
            lines.append(f"{bad:,} rows have no score: {reasons}")
        if self.where is not None and len(self.best):
            hits = self.expected_hits()
            lines.append(f"{hits.mean:.1f} ± {hits.std:.1f} hits expected among the best {len(self.best)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{self.report()}\n{self.best.head(SHOWN).to_string()}"
