"""Uniform: measurements drawn at random."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mfgp.optimization.decision import Decision
from mfgp.optimization.pool import Pool


class Uniform:
    """Candidates drawn alike, and tasks with probabilities inverse to their cost, so that each gets as much money.

    It learns nothing from the model, and is what an acquisition has to beat.
    """

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """Draw so many measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`."""
        rng = np.random.default_rng(decision.random_state)
        space, tasks = decision.space, decision.tasks
        if isinstance(space, Pool):
            assert decision.closed is not None
            cost = decision.costs.table(space.frame, tasks)
            weight = np.where(decision.closed, 0.0, 1.0 / cost).ravel()
            open_pairs = np.flatnonzero(weight)
            share = weight[open_pairs] / weight.sum() if len(open_pairs) else None
            drawn = rng.choice(open_pairs, min(count, len(open_pairs)), replace=False, p=share)
            rows, columns = np.unravel_index(drawn, cost.shape)
            chosen = space.frame.iloc[rows]
        else:
            chosen = space.sample(count, int(rng.integers(2**31)))
            cost = decision.costs.table(chosen, tasks)
            share = (1.0 / cost) / (1.0 / cost).sum(axis=1, keepdims=True)
            rows = np.arange(count)
            columns = (share.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
        return chosen.assign(
            task=[tasks[column] for column in columns],
            gain=np.nan,
            cost=cost[rows, columns],
            chance=np.nan,
            why="drawn at random",
        )
