"""The expected gain in a pool: every open pair of candidate and task is looked at, the best of them closely."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mfgp.optimization.acquisition.choice import Choice, best_choice, table_of, without_promise
from mfgp.optimization.acquisition.effort import COARSE, effort_for
from mfgp.optimization.acquisition.outlook import Outlook
from mfgp.optimization.pool import Pool

WEIGHTS = 8  # draws of the weights of several objectives, until a measurement gains something


def choose_in_pool(pool: Pool, outlook: Outlook, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """The next measurements, one after the other.

    Where the pool is large, the inputs that a close look is worth are found for the first measurement and serve all.
    """
    decision = outlook.decision
    assert decision.closed is not None
    tasks, inputs, closed = decision.tasks, outlook.encode(pool.frame), decision.closed.copy()
    cost = np.column_stack([decision.costs.of(pool.frame, task) for task in tasks])
    listed, choices = np.arange(len(inputs)), list[Choice]()
    while len(choices) < count and not closed.all():
        for _ in range(WEIGHTS if len(decision.objectives) > 1 else 1):
            worth = outlook.worth(inputs, rng)
            rivals = outlook.rivals(worth, inputs, rng)
            effort = effort_for(worth)
            if len(listed) > max(effort.inputs, 2 * count):
                few = outlook.foresee(worth, inputs[rivals[: COARSE.rivals]], COARSE.fineness).gains(inputs[listed])
                rate = np.where(closed[listed], -np.inf, few.gain / cost[listed]).max(axis=1)
                near = listed[np.argsort(-rate, kind="stable")[: max(effort.inputs, 2 * count)]]
            else:
                near = listed
            found = outlook.foresee(worth, inputs[rivals[: effort.rivals]], effort.fineness).gains(inputs[near])
            choice = best_choice(tasks, found.gain, found.chance, cost[near], closed[near])
            choice = choice._replace(row=int(near[choice.row]))
            if choice.gain > worth.least_gain:
                break
        else:
            choice = without_promise(choice, rivals, closed, cost)
        if len(decision.objectives) == 1:
            listed = near
        choices.append(choice)
        closed[choice.row, choice.task] = True
        outlook = outlook.as_predicted(inputs[[choice.row]], [tasks[choice.task]])
    return table_of(pool.frame.iloc[[choice.row for choice in choices]], choices, tasks)
