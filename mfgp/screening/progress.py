"""How far a screening is."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Rows gone through, and how long the rest will take. As text, it is one line: ``progress=print`` shows it.

    Parameters
    ----------
    rows
        Gone through so far, those of a run before that was resumed among them.
    total
        All there are; None if that is not known.
    fresh
        Gone through in this run.
    seconds
        Of this run.

    Examples
    --------
    >>> print(Progress(rows=1_200_000, total=10_000_000, fresh=1_200_000, seconds=24.0))
    1,200,000 of 10,000,000 rows, 50,000 a second, 2 min 56 s left
    """

    rows: int
    total: int | None
    fresh: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second in this run."""
        return self.fresh / self.seconds if self.seconds > 0.0 else math.nan

    @property
    def left(self) -> float | None:
        """Seconds left at this rate; None if the number of rows is not known."""
        return None if self.total is None else (self.total - self.rows) / self.rate

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        left = "" if self.left is None or math.isnan(self.left) else f", {_duration(self.left)} left"
        return f"{self.rows:,}{of} rows, {self.rate:,.0f} a second{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
