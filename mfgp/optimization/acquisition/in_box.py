"""The expected gain in a box: a sample of its points is looked at, and the best are climbed from."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from mfgp.optimization.acquisition.choice import Choice, best_choice, table_of, without_promise
from mfgp.optimization.acquisition.climbing import climb
from mfgp.optimization.acquisition.effort import COARSE, effort_for
from mfgp.optimization.acquisition.outlook import Outlook
from mfgp.optimization.box import Box

SAMPLE = 1024
CLIMBERS = 4  # for rivals, and for the measurements of each task


def choose_in_box(box: Box, outlook: Outlook, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """The next measurements, one after the other."""
    tasks, rows, choices = outlook.decision.tasks, [], list[Choice]()
    for _ in range(count):
        row, choice = _next(box, outlook, rng)
        rows.append(row)
        choices.append(choice)
        outlook = outlook.as_predicted(outlook.encode(row), [tasks[choice.task]])
    return table_of(pd.concat(rows, ignore_index=True), choices, tasks)


def _next(box: Box, outlook: Outlook, rng: np.random.Generator) -> tuple[pd.DataFrame, Choice]:
    """The row of a measurement, and the measurement."""
    sample, known = box.sample(SAMPLE, int(rng.integers(1 << 31))), outlook.known_rows(box)
    rows = pd.concat([sample, known], ignore_index=True)
    inputs = outlook.encode(rows)
    worth = outlook.worth(inputs, rng)
    leading = rows.iloc[outlook.rivals(worth, inputs, rng)]
    summits = climb(box, outlook.encode, partial(outlook.optimism, worth), leading.iloc[:CLIMBERS])
    rivals = outlook.encode(pd.concat([leading.iloc[:1], summits, leading.iloc[1:]], ignore_index=True))
    effort, tasks = effort_for(worth), outlook.decision.tasks
    few = outlook.foresee(worth, rivals[: COARSE.rivals], COARSE.fineness)
    foreseen = outlook.foresee(worth, rivals[: effort.rivals], effort.fineness)
    rate = few.gains(outlook.encode(sample)).gain / _costs(outlook, sample)
    climbed = []
    for task in range(len(tasks)):
        starts = sample.iloc[np.argsort(-rate[:, task], kind="stable")[:CLIMBERS]]
        climbed.append(climb(box, outlook.encode, partial(foreseen.gain_along, task), starts))
    near = pd.concat(climbed, ignore_index=True)
    gains, cost = foreseen.gains(outlook.encode(near)), _costs(outlook, near)
    choice = best_choice(tasks, gains.gain, gains.chance, cost, np.zeros(cost.shape, dtype=bool))
    if choice.gain <= worth.least_gain:
        near, cost = summits, _costs(outlook, summits)
        choice = without_promise(choice, range(len(summits)), np.zeros(cost.shape, dtype=bool), cost)
    return near.iloc[[choice.row]], choice


def _costs(outlook: Outlook, rows: pd.DataFrame) -> np.ndarray:
    """(n, T) costs of the tasks that can be measured."""
    return np.column_stack([outlook.decision.costs.of(rows, task) for task in outlook.decision.tasks])
