"""Decisions: what an acquisition sees of a campaign, and what it gives back."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.optimization.box import Box
from mfgp.optimization.costs import Costs
from mfgp.optimization.objective import Objective
from mfgp.optimization.pool import Pool
from mfgp.optimization.spread import NEAR

CHOSEN = ("task", "gain", "cost", "chance", "why")
LEAST_FEASIBLE = 0.5  # probability with which the constraints have to hold


@dataclass(frozen=True, eq=False)
class Decision:
    """What is known when the next measurements are to be chosen.

    Parameters
    ----------
    model
        Fitted to every value that was told; its ``tasks_`` are all tasks of the campaign.
    space
        The N candidates, or the box, with the known constraints in it: a pool holds candidates that meet them only, a
        box tells which points do (``space.allows``).
    objectives
        One, or several for a Pareto front. The utility of each is to be maximised.
    constraints
        Conditions on tasks, which are learned like the objective. All of them have to hold.
    costs
        Of a measurement, by task and row.
    tasks
        Those that can be measured now, in the model's order: one whose cost is more than what is left of the budget
        is not among them.
    pending
        Inputs and "task" of what was asked for and is neither told nor failed, one line a measurement; the index holds
        the candidates' labels where the space is a pool.
    closed
        Of a pool: (N, T) True where the pair of candidate and task cannot be asked for, columns in the order of
        `tasks`: it is measured, pending, failed, withdrawn for good, or dearer than what is left of the budget. None
        for a box.
    random_state
        Seed, of this decision alone: another one for each.
    gone
        Of a box: inputs and "task" of what was measured, is pending, failed or was withdrawn for good; None for a pool.
    """

    model: Regressor
    space: Pool | Box
    objectives: tuple[Objective, ...]
    constraints: tuple[Condition, ...]
    costs: Costs
    tasks: tuple[Hashable, ...]
    pending: pd.DataFrame
    closed: np.ndarray | None
    random_state: int
    gone: pd.DataFrame | None = None

    def closed_at(self, rows: pd.DataFrame) -> np.ndarray:
        """(n, T) whether a task is gone at, or all but at, rows of a box; columns in the order of `tasks`."""
        assert isinstance(self.space, Box)
        found = np.zeros((len(rows), len(self.tasks)), dtype=bool)
        if self.gone is None:
            return found
        near = cdist(self.space.coordinates(rows), self.space.coordinates(self.gone.drop(columns="task"))) < NEAR
        for column, task in enumerate(self.tasks):
            found[:, column] = near[:, (self.gone["task"] == task).to_numpy()].any(axis=1)
        return found

    def without(self, rows: pd.DataFrame, task: Hashable) -> Self:
        """The decision with a task gone at rows of a box."""
        more = rows.assign(task=pd.Series([task] * len(rows), rows.index, dtype=object))
        return replace(self, gone=more if self.gone is None else pd.concat([self.gone, more], ignore_index=True))


class Acquisition(Protocol):
    """Whatever chooses the next measurements."""

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """The next measurements, best first.

        Parameters
        ----------
        decision
            What is known.
        count
            How many are wanted; fewer may come where fewer are open.

        Returns
        -------
        One line a measurement. The index holds the candidates' labels for a pool, and counts for a box. Columns are the
        inputs, then "task"; "gain", what the measurement is expected to gain in the objective's unit; "cost";
        "chance", the probability that it shows something better, NaN where that is not known; and "why", a sentence.
        """
