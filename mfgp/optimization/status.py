"""Status: where a campaign stands."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import pandas as pd

from mfgp.optimization.trial import Trials


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
        Why the last ``ask`` gave nothing; None if it gave something, or if anything was told, withdrawn or changed
        since.
    changes
        What was changed of the campaign, a line each time.

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
    changes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, trials: Trials, budget: float | None, changes: tuple[str, ...]) -> Status:
        """Where a campaign of this name stands with these trials."""
        count = {state: sum(trial.state == state for trial in trials) for state in ("measured", "failed", "withdrawn")}
        left = math.inf if budget is None else max(budget - trials.committed, 0.0)
        return cls(
            name,
            count["measured"],
            len(trials.pending),
            count["failed"],
            count["withdrawn"],
            trials.spent,
            trials.committed - trials.spent,
            left,
            trials.note,
            changes,
        )

    def to_frame(self) -> pd.DataFrame:
        """One line."""
        return pd.DataFrame([asdict(self)]).set_index("name")

    def __repr__(self) -> str:
        counts = ", ".join(f"{getattr(self, kind)} {kind}" for kind in ("measured", "pending", "failed", "withdrawn"))
        left = "no budget" if math.isinf(self.budget_left) else f"{self.budget_left:.4g} left"
        money = f"{self.cost_spent:.4g} spent, {self.cost_pending:.4g} pending, {left}"
        end = "it goes on" if self.finished is None else f"nothing is worth asking for: {self.finished}"
        changed = f"; changed at {self.changes[-1]}" if self.changes else ""
        return f"Campaign {self.name!r}: {counts}; {money}; {end}{changed}"
