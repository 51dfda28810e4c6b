"""A situation in which an estimator is asked for a task: what there is to learn from, and what is known already."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """What a prediction may use.

    Parameters
    ----------
    given
        Tasks whose values at the predicted rows are known. None of them: nothing but the inputs is known there.
    values
        Number of measured values of the target to learn from; None for all that the training rows have.

    Examples
    --------
    >>> Situation(given=("gap_pbe",), values=50)
    Situation(given=('gap_pbe',), values=50)
    """

    given: tuple[Hashable, ...] = ()
    values: int | None = None
