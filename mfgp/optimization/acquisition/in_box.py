"""The expected gain in a box: a sample of its points is looked at, and the best are climbed from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

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
from mfgp.optimization.spread import NEAR

SAMPLE = 1024
CLIMBERS = 4  # for rivals, and for the measurements of each task
TOLERANCE = 1e-4  # of a gain, which need not be known better


def choose_in_box(box: Box, outlook: Outlook, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """The next measurements, one after the other."""
    tasks, rows, choices = outlook.decision.tasks, list[pd.DataFrame](), list[Choice]()
    for _ in range(count):
        if choices:
            row, task = rows[-1], tasks[choices[-1].task]
            decision = outlook.decision.without(row, task)
            outlook = replace(outlook.as_predicted(outlook.encode(row), [task]), decision=decision)
        row, choice = _next(box, outlook, rng)
        rows.append(row)
        choices.append(choice)
    return table_of(pd.concat(rows, ignore_index=True), choices, tasks)


def _next(box: Box, outlook: Outlook, rng: np.random.Generator) -> tuple[pd.DataFrame, Choice]:
    """The row of a measurement, and the measurement."""
    decision = outlook.decision
    sample = box.sample(SAMPLE, int(rng.integers(1 << 31)))
    rows = pd.concat([sample, outlook.known_rows(box)], ignore_index=True)
    inputs = outlook.encode(rows)
    means = outlook.mean(inputs)
    worth = outlook.worth(means, rng)
    leading = rows.iloc[outlook.rivals(worth, inputs, means, rng)]
    best, summits = _summits(box, outlook, worth, leading)
    rivals = outlook.encode(pd.concat([best, summits, leading], ignore_index=True))
    measured = outlook.measured(worth, inputs, means, rng)
    few = outlook.foresee(worth, rivals, measured, COARSE)
    foreseen = outlook.foresee(worth, rivals, measured, effort_for(worth))
    near = _climbed(box, outlook, worth, few, foreseen, sample)
    if outlook.wanted(worth).sum() > 1:  # rows that may be completed
        near = pd.concat([near, rows[len(sample) :]], ignore_index=True)
    gains, cost = foreseen.gains(outlook.encode(near)), _costs(outlook, near)
    choice = best_choice(decision.tasks, gains.gain, gains.chance, cost, decision.closed_at(near))
    if choice.gain > worth.material_gain:
        return near.iloc[[choice.row]], choice
    confirming = (
        None if _is_measured_near(box, outlook, worth, best) else _direct(outlook, worth, foreseen, best, CONFIRMED)
    )
    if confirming is not None:
        return best, confirming
    if choice.gain <= worth.least_gain:
        instead = _direct(outlook, worth, foreseen, summits, UNPROMISING)
        if instead is not None:
            return summits.iloc[[instead.row]], instead
    return near.iloc[[choice.row]], choice


def _summits(box: Box, outlook: Outlook, worth: Worth, leading: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The row (1, d) with the best expected worth, and rows that are best by optimism, climbed to from leading rows."""
    starts = pd.concat([leading.iloc[:1], leading.iloc[:CLIMBERS]], ignore_index=True)
    deviations = torch.tensor([0.0, OPTIMISM], dtype=torch.float64)

    def value(inputs: Tensor, which: Tensor) -> Tensor:
        return (outlook.optimistic(worth, inputs, deviations.to(inputs)[which]) - worth.floor) / worth.spread

    found = climb(box, outlook.encode, value, starts, [0] + [1] * (len(starts) - 1))
    return found.iloc[:1], found.iloc[1:]


def _climbed(
    box: Box, outlook: Outlook, worth: Worth, few: Foreseen, foreseen: Foreseen, sample: pd.DataFrame
) -> pd.DataFrame:
    """Rows where a measurement of one task or another gains much for its cost: seen with few rivals, then climbed.

    The starts of the climbs are among them, since a climb may end where something was measured or failed.
    """
    rate = few.gains(outlook.encode(sample)).gain / _costs(outlook, sample)
    rate[outlook.decision.closed_at(sample)] = -np.inf
    best = np.argsort(-rate, axis=0, kind="stable")[:CLIMBERS]
    starts = sample.iloc[best.ravel()]
    task = np.broadcast_to(np.arange(rate.shape[1]), best.shape).ravel().tolist()

    def value(inputs: Tensor, which: Tensor) -> Tensor:
        return foreseen.gain_along(inputs, which) / worth.spread

    climbed = climb(box, outlook.encode, value, starts, task, TOLERANCE)
    return pd.concat([climbed, starts], ignore_index=True)


def _is_measured_near(box: Box, outlook: Outlook, worth: Worth, row: pd.DataFrame) -> bool:
    """Whether each task that the objective depends on and that can be measured was measured all but here."""
    point = box.coordinates(row)
    wanted = [task for task in outlook.decision.tasks if task in worth.tasks]
    gaps = [np.linalg.norm(box.coordinates(outlook.known_rows(box, task)) - point, axis=1) for task in wanted]
    return all(gap.min(initial=np.inf) < NEAR for gap in gaps)


def _direct(outlook: Outlook, worth: Worth, foreseen: Foreseen, rows: pd.DataFrame, why: str) -> Choice | None:
    """The measurement, at the first row where one is open, of the dearest task that the objective depends on."""
    cost = _costs(outlook, rows)
    found = direct_choice(range(len(rows)), outlook.wanted(worth), outlook.decision.closed_at(rows), cost)
    if found is None:
        return None
    row, task = found
    gains = foreseen.gains(outlook.encode(rows.iloc[[row]]))
    return Choice(row, task, float(gains.gain[0, task]), cost[row, task], float(gains.chance[0, task]), why)


def _costs(outlook: Outlook, rows: pd.DataFrame) -> np.ndarray:
    """(n, T) costs of the tasks that can be measured."""
    return outlook.decision.costs.table(rows, outlook.decision.tasks)
