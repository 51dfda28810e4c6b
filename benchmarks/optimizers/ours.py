"""Campaigns of this package with DifferenceGP, all other settings being defaults but for the start, which is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.optimization_problems import Search
from benchmarks.optimizers import HIGH, LOW, Choice, Seen
from mfgp import Campaign, DifferenceGP, maximize
from mfgp.optimization import Acquisition, Box, Decision, Pool
from mfgp.optimization.acquisitions import acquisition
from mfgp.optimization.decision import CHOSEN

TASKS = ("low", "high")


class OneHighOrSomeLow:
    """An acquisition whose choice ends before the first high value, or with it if that is the best of all.

    It is asked for one measurement at a time, so as not to choose what is not bought.
    """

    def __init__(self, chosen_by: Acquisition) -> None:
        self._chosen_by = chosen_by

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """The beginning of what the acquisition chooses."""
        columns = [*decision.space.columns, *CHOSEN]
        if len(decision.pending):  # the rest of a choice that has ended
            return pd.DataFrame(columns=columns)
        chosen = list[pd.DataFrame]()
        while len(chosen) < count:
            found = self._chosen_by.choose(decision, 1)[columns]
            high = TASKS[HIGH] in found["task"].tolist()
            if not chosen or not high:
                chosen.append(found)
            if high or found.empty:
                break
            decision = once_pending(decision, found)
        return pd.concat(chosen, ignore_index=decision.closed is None)


def once_pending(decision: Decision, chosen: pd.DataFrame) -> Decision:
    """The next decision, while a measurement that was chosen is pending."""
    row, task = chosen[[*decision.space.columns]], chosen["task"].iloc[0]
    pending = row.assign(task=task)
    if len(decision.pending):
        pending = pd.concat([decision.pending, pending])
    decision = replace(decision, pending=pending, random_state=decision.random_state + 1)
    if decision.closed is None:
        return decision.without(row, task)
    assert isinstance(decision.space, Pool)
    closed = decision.closed.copy()
    closed[decision.space.labels.get_loc(row.index[0]), decision.tasks.index(task)] = True
    return replace(decision, closed=closed)


class BothFidelities:
    """A campaign that buys both fidelities; what was measured is told, and nothing is pending when it is asked."""

    measurable: tuple[int, ...] = (LOW, HIGH)
    acquisition = "gain"

    def __init__(self, search: Search, seed: int, batch: int) -> None:
        names = [f"x{i}" for i in range(search.inputs)]
        space: Pool | Box = (
            Box(dict.fromkeys(names, (0.0, 1.0)))
            if search.pool is None
            else Pool(pd.DataFrame(search.pool, columns=names))
        )
        self._names, self._batch = names, batch
        self._settings = {
            "estimator": DifferenceGP(),
            "space": space,
            "objective": maximize("high"),
            "costs": {TASKS[task]: search.costs[task] for task in self.measurable},
            "storage": "sqlite://",
            "acquisition": OneHighOrSomeLow(acquisition(self.acquisition)),
            "random_state": seed,
        }
        self._campaign: Campaign | None = None
        self._told = 0

    def choose(self, seen: Seen, left: float) -> Choice:
        """What the campaign asks for."""
        if self._campaign is None:
            counts = {TASKS[task]: int((seen.task == task).sum()) for task in self.measurable}
            self._campaign = Campaign(**self._settings, initial=counts)
        new = pd.DataFrame(seen.x, columns=self._names).assign(task=[TASKS[task] for task in seen.task], value=seen.y)
        self._campaign.tell(new.iloc[self._told :])
        self._told = len(new)
        asked = self._campaign.ask(self._batch)
        best = self._campaign.best()
        return Choice(
            asked[self._names].to_numpy(dtype=float),
            np.array([TASKS.index(task) for task in asked["task"]]),
            best[self._names].to_numpy(dtype=float)[0],
        )


class MaxValueEntropy(BothFidelities):
    """The same by BoTorch's max-value entropy."""

    acquisition = "mf_mes"


class KnowledgeGradient(BothFidelities):
    """The same by BoTorch's knowledge gradient."""

    acquisition = "mf_kg"


class HighFidelity(BothFidelities):
    """The same with the high fidelity as the only task."""

    measurable = (HIGH,)
