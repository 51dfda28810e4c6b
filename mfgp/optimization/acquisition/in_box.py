"""The expected gain in a box: a sample of its points is looked at, and the best are climbed from."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from mfgp.optimization.acquisition.choice import (
    CONFIRMED,
    UNPROMISING,
    Choice,
    best_choice,
    direct_choice,
    table_of,
)
from mfgp.optimization.acquisition.climbing import climb
from mfgp.optimization.acquisition.effort import COARSE, effort_for
from mfgp.optimization.acquisition.outlook import OPTIMISM, Foreseen, Outlook
from mfgp.optimization.acquisition.worth import Worth
from mfgp.optimization.box import Box

SAMPLE = 1024
CLIMBERS = 4  # for rivals, and for the measurements of each task
NEAR = 1e-3  # of the width of the box: rows that are all but the same


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
    sample = box.sample(SAMPLE, int(rng.integers(1 << 31)))
    rows = pd.concat([sample, outlook.known_rows(box)], ignore_index=True)
    inputs = outlook.encode(rows)
    means = outlook.mean(inputs)
    worth = outlook.worth(means, rng)
    leading = rows.iloc[outlook.rivals(worth, inputs, means, rng)]
    best = climb(box, outlook.encode, partial(outlook.optimistic, worth, 0.0), leading.iloc[:1])
    summits = climb(box, outlook.encode, partial(outlook.optimistic, worth, OPTIMISM), leading.iloc[:CLIMBERS])
    rivals = outlook.encode(pd.concat([best, summits, leading], ignore_index=True))
    few = outlook.foresee(worth, rivals[: COARSE.rivals], COARSE.fineness)
    effort = effort_for(worth)
    foreseen = outlook.foresee(worth, rivals[: effort.rivals], effort.fineness)
    near = _climbed(box, outlook, few, foreseen, sample)
    gains, cost = foreseen.gains(outlook.encode(near)), _costs(outlook, near)
    choice = best_choice(outlook.decision.tasks, gains.gain, gains.chance, cost, np.zeros(cost.shape, dtype=bool))
    if choice.gain > worth.material_gain:
        return near.iloc[[choice.row]], choice
    if not _is_measured(box, outlook, worth, best):
        return best, _direct(outlook, worth, foreseen, best, CONFIRMED) or choice
    if choice.gain > worth.least_gain:
        return near.iloc[[choice.row]], choice
    return summits.iloc[:1], _direct(outlook, worth, foreseen, summits.iloc[:1], UNPROMISING) or choice


def _climbed(box: Box, outlook: Outlook, few: Foreseen, foreseen: Foreseen, sample: pd.DataFrame) -> pd.DataFrame:
    """Rows where a measurement of one task or another gains much for its cost: seen with few rivals, then climbed."""
    rate = few.gains(outlook.encode(sample)).gain / _costs(outlook, sample)
    found = []
    for task in range(rate.shape[1]):
        starts = sample.iloc[np.argsort(-rate[:, task], kind="stable")[:CLIMBERS]]
        found.append(climb(box, outlook.encode, partial(foreseen.gain_along, task), starts))
    return pd.concat(found, ignore_index=True)


def _is_measured(box: Box, outlook: Outlook, worth: Worth, row: pd.DataFrame) -> bool:
    """Whether each task that the objective depends on and that can be measured was measured all but here."""
    point = box.coordinates(row)
    wanted = [task for task in outlook.decision.tasks if task in worth.tasks]
    gaps = [np.linalg.norm(box.coordinates(outlook.known_rows(box, task)) - point, axis=1) for task in wanted]
    return all(gap.min(initial=np.inf) < NEAR for gap in gaps)


def _direct(outlook: Outlook, worth: Worth, foreseen: Foreseen, row: pd.DataFrame, why: str) -> Choice | None:
    """The measurement, at one row, of the dearest task that the objective depends on."""
    gains, cost = foreseen.gains(outlook.encode(row)), _costs(outlook, row)
    found = direct_choice([0], outlook.wanted(worth), np.zeros(cost.shape, dtype=bool), cost)
    if found is None:
        return None
    task = found[1]
    return Choice(0, task, float(gains.gain[0, task]), cost[0, task], float(gains.chance[0, task]), why)


def _costs(outlook: Outlook, rows: pd.DataFrame) -> np.ndarray:
    """(n, T) costs of the tasks that can be measured."""
    return np.column_stack([outlook.decision.costs.of(rows, task) for task in outlook.decision.tasks])
