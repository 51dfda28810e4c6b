"""Choices: the best of several measurements, and why it is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd


class Choice(NamedTuple):
    """One of n rows and one of the T tasks that can be measured, and what is expected of the measurement."""

    row: int
    task: int
    gain: float
    cost: float
    chance: float
    why: str


def best_choice(
    tasks: Sequence[Hashable], gain: np.ndarray, chance: np.ndarray, cost: np.ndarray, closed: np.ndarray
) -> Choice:
    """The open measurement with the largest gain per cost.

    Parameters
    ----------
    tasks
        Names of the T tasks.
    gain, chance, cost, closed
        (n, T) of each measurement.

    Examples
    --------
    >>> gain, cost = np.array([[1.0, 3.0], [0.5, 2.0]]), np.array([[1.0, 6.0], [1.0, 6.0]])
    >>> best_choice(["low", "high"], gain, gain / 10, cost, np.zeros((2, 2), bool)).why
    'gains 1 for 1; the best measurement of high gains 3 for 6'
    """
    rate = np.where(closed, -np.inf, gain / cost)
    row, task = (int(place) for place in np.unravel_index(rate.argmax(), rate.shape))
    why = f"gains {gain[row, task]:.3g} for {cost[row, task]:.3g}"
    for other, name in enumerate(tasks):
        if other != task and not closed[:, other].all():
            rival = rate[:, other].argmax()
            why += f"; the best measurement of {name} gains {gain[rival, other]:.3g} for {cost[rival, other]:.3g}"
    return Choice(row, task, float(gain[row, task]), float(cost[row, task]), float(chance[row, task]), why)


def without_promise(choice: Choice, rows: Sequence[int], closed: np.ndarray, cost: np.ndarray) -> Choice:
    """In place of a choice that gains nothing: the first of some rows, at its dearest task that is open.

    Parameters
    ----------
    choice
        What comes back if none of the rows is open.
    rows
        The most promising first.
    closed, cost
        (n, T) of each measurement.
    """
    for row in rows:
        if not closed[row].all():
            task = int(np.where(closed[row], -np.inf, cost[row]).argmax())
            why = "no measurement is expected to gain anything; this is the most promising one"
            return Choice(int(row), task, choice.gain, float(cost[row, task]), choice.chance, why)
    return choice


def table_of(rows: pd.DataFrame, choices: Sequence[Choice], tasks: Sequence[Hashable]) -> pd.DataFrame:
    """Choices beside the inputs of their rows, as an acquisition gives them back."""
    return rows.assign(
        task=[tasks[choice.task] for choice in choices],
        gain=[choice.gain for choice in choices],
        cost=[choice.cost for choice in choices],
        chance=[choice.chance for choice in choices],
        why=[choice.why for choice in choices],
    )
