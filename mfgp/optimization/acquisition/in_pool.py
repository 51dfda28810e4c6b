"""The expected gain in a pool: every open pair of candidate and task is looked at, the best of them closely."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor

from mfgp.optimization.acquisition.choice import CONFIRMED, UNPROMISING, Choice, best_choice, direct_choice, table_of
from mfgp.optimization.acquisition.effort import COARSE, effort_for
from mfgp.optimization.acquisition.outlook import Outlook
from mfgp.optimization.pool import Pool

WEIGHTS = 8  # draws of the weights of several objectives, until a measurement gains something


def choose_in_pool(pool: Pool, outlook: Outlook, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """The next measurements, one after the other.

    Where the pool is large, the candidates that a close look is worth are found for the first measurement and serve
    all, unless several objectives are weighted anew.
    """
    decision = outlook.decision
    assert decision.closed is not None
    inputs = outlook.encode(pool.frame)
    look = _Look(
        inputs,
        outlook.mean(inputs),
        decision.costs.table(pool.frame, decision.tasks),
        decision.closed.copy(),
        count,
    )
    listed, choices = np.arange(len(pool)), list[Choice]()
    while len(choices) < count and not look.closed.all():
        if len(decision.objectives) == 1:
            choice, listed, _ = look.at(outlook, listed, rng)
        else:
            looks = [look.at(outlook, listed, rng)]
            while not looks[-1][2] and len(looks) < WEIGHTS:
                looks.append(look.at(outlook, listed, rng))
            choice, _, _ = looks[-1]
        choices.append(choice)
        look.closed[choice.row, choice.task] = True
        outlook = outlook.as_predicted(look.inputs[[choice.row]], [decision.tasks[choice.task]])
    return table_of(pool.frame.iloc[[choice.row for choice in choices]], choices, decision.tasks)


class _Look(NamedTuple):
    """What one measurement leaves for the next: inputs, means, costs and how many are wanted; and what is closed."""

    inputs: Tensor
    means: Tensor
    cost: np.ndarray
    closed: np.ndarray
    wanted: int

    def at(self, outlook: Outlook, listed: np.ndarray, rng: np.random.Generator) -> tuple[Choice, np.ndarray, bool]:
        """The best measurement at listed candidates, those that were looked at closely, and whether it gains much."""
        inputs, cost, closed = self.inputs, self.cost, self.closed
        worth = outlook.worth(self.means, rng)
        rivals = outlook.rivals(worth, inputs, self.means, rng)
        measured = outlook.measured(worth, inputs, self.means, rng)
        effort = effort_for(worth)
        most = max(effort.inputs, 2 * self.wanted)
        if len(listed) > most:
            few = outlook.foresee(worth, inputs[rivals], measured, COARSE).gains(inputs[listed])
            rate = np.where(closed[listed], -np.inf, few.gain / cost[listed]).max(axis=1)
            listed = listed[np.argsort(-rate, kind="stable")[:most]]
        foreseen = outlook.foresee(worth, inputs[rivals], measured, effort)
        gains = foreseen.gains(inputs[listed])
        choice = best_choice(outlook.decision.tasks, gains.gain, gains.chance, cost[listed], closed[listed])
        choice = choice._replace(row=int(listed[choice.row]))
        if choice.gain > worth.material_gain:
            return choice, listed, True
        promising = rivals[:1] if choice.gain > worth.least_gain else rivals
        instead = direct_choice(promising, outlook.wanted(worth), closed, cost)
        if instead is not None:
            row, task = instead
            only = foreseen.gains(inputs[[row]])
            why = CONFIRMED if row == rivals[0] else UNPROMISING
            choice = Choice(row, task, float(only.gain[0, task]), cost[row, task], float(only.chance[0, task]), why)
        return choice, listed, False
