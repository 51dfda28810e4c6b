"""Status: where a campaign stands."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import pandas as pd


@dataclass(frozen=True)
class Status:
    """Where a campaign stands.

    Parameters
    ----------
    name
        Of the campaign.
    measured, pending, failed, withdrawn
        How many trials there are of each.
    cost_spent, cost_pending
        What was measured or failed has cost, and what is pending will cost.
    budget_left
        What neither of these uses; infinite without a budget.
    finished
        Why the last ``ask`` gave nothing; None if it gave something, or if anything was told or withdrawn since.

    Examples
    --------
    >>> Status("gaps", 12, 2, 1, 0, 30.0, 2.0, 68.0, None)
    Campaign 'gaps': 12 measured, 2 pending, 1 failed, 0 withdrawn; 30 spent, 2 pending, 68 left; it goes on
    """

    name: str
    measured: int
    pending: int
    failed: int
    withdrawn: int
    cost_spent: float
    cost_pending: float
    budget_left: float
    finished: str | None

    def to_frame(self) -> pd.DataFrame:
        """One line."""
        return pd.DataFrame([asdict(self)]).set_index("name")

    def __repr__(self) -> str:
        counts = ", ".join(f"{getattr(self, kind)} {kind}" for kind in ("measured", "pending", "failed", "withdrawn"))
        left = "no budget" if math.isinf(self.budget_left) else f"{self.budget_left:.4g} left"
        money = f"{self.cost_spent:.4g} spent, {self.cost_pending:.4g} pending, {left}"
        end = "it goes on" if self.finished is None else f"nothing is worth asking for: {self.finished}"
        return f"Campaign {self.name!r}: {counts}; {money}; {end}"
