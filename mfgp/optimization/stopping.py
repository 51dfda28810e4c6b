"""Stopping rules: when no measurement is worth its cost any more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from mfgp.errors import ParameterError


@dataclass(frozen=True)
class StoppingRule:
    """Stop when the best question promises too little gain for its cost, several times in a row.

    A single promise below the threshold may be an accident of one fit; new values may raise the next one.

    Parameters
    ----------
    gain_per_cost
        Stop below this expected gain, in the objective's unit, for a unit of cost.
    patience
        How many questions in a row have to be below; the last of them is not asked.

    Raises
    ------
    ParameterError
        A parameter means nothing.

    Examples
    --------
    >>> rule = StoppingRule(gain_per_cost=0.01, patience=2)
    >>> rule.verdict([0.5, 0.004], 0.003, chance=0.1)
    'the last 2 questions promise at most 0.004 a unit of cost, less than 0.01; the best ... with probability 0.1'
    >>> rule.verdict([0.5, 0.04], 0.003, chance=0.1) is None
    True
    """

    gain_per_cost: float
    patience: int = 3

    def __post_init__(self) -> None:
        rate = self.gain_per_cost
        if isinstance(rate, bool) or not isinstance(rate, Real) or not (math.isfinite(rate) and rate > 0.0):
            raise ParameterError(f"gain_per_cost={rate!r}, expected a positive number, in the objective's unit")
        if isinstance(self.patience, bool) or not isinstance(self.patience, Integral) or self.patience < 1:
            raise ParameterError(f"patience={self.patience!r}, expected a whole number from 1 on")

    def verdict(self, before: Sequence[float], now: float, chance: float) -> str | None:
        """Why to stop, or None to go on.

        Parameters
        ----------
        before
            The largest expected gain for a unit of cost of each question that was asked and whose gain is known.
        now
            That of the question that would be asked, NaN where it is not known.
        chance
            The probability that its best measurement shows something better, NaN where not known.
        """
        last = [*before, now][-self.patience :]
        if len(last) < self.patience or not all(rate < self.gain_per_cost for rate in last):
            return None
        improves = "" if math.isnan(chance) else f"; the best shows something better with probability {chance:.2g}"
        times = "the question promises" if self.patience == 1 else f"the last {self.patience} questions promise at most"
        return f"{times} {max(last):.2g} a unit of cost, less than {self.gain_per_cost:g}{improves}"
