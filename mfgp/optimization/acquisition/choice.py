"""Choices: the best of several measurements, and why it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

CONFIRMED = "little is expected to be gained; the best candidate is not measured itself, which tests what is believed"
UNPROMISING = "no measurement is expected to gain anything; of what is not measured this is the most promising"


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


def direct_choice(
    rows: Iterable[int], wanted: np.ndarray, closed: np.ndarray, cost: np.ndarray
) -> tuple[int, int] | None:
    """The first of some rows at which a wanted task is open, and the dearest such task; None if there is none.

    Parameters
    ----------
    rows
        The most promising first.
    wanted
        (T,) whether the objective depends on each task.
    closed, cost
        (n, T) of each measurement.

    Examples
    --------
    >>> closed = np.array([[True, True], [False, False]])
    >>> direct_choice([0, 1], np.array([False, True]), closed, np.ones((2, 2)))
    (1, 1)
    """
    for row in rows:
        shut = closed[row] | ~wanted
        if not shut.all():
            return int(row), int(np.where(shut, -np.inf, cost[row]).argmax())
    return None


def table_of(rows: pd.DataFrame, choices: Sequence[Choice], tasks: Sequence[Hashable]) -> pd.DataFrame:
    """Choices beside the inputs of their rows, as an acquisition gives them back."""
    names: list[Any] = [tasks[choice.task] for choice in choices]
    return rows.assign(
        task=names,
        gain=[choice.gain for choice in choices],
        cost=[choice.cost for choice in choices],
        chance=[choice.chance for choice in choices],
        why=[choice.why for choice in choices],
    )
