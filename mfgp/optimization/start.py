"""The start: rows that fill the space, before there is anything to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from mfgp.data.table import listed
from mfgp.errors import DataTypeError, ParameterError
from mfgp.optimization.box import Box
from mfgp.optimization.points import Point, Points
from mfgp.optimization.pool import Pool
from mfgp.optimization.trial import Pair

FEWEST, MOST = 4, 10  # rows of the first task by default


def initial_counts(initial: Any, tasks: Sequence[str], inputs: int) -> dict[str, int]:
    """How many rows of each task the start has.

    By default one more than there are inputs, but from 4 to 10, of the first task, and half as many of each other one.

    Parameters
    ----------
    initial
        None for that; a number, of each task; or a mapping from tasks to numbers.
    tasks
        Low fidelity first.
    inputs
        How many there are.

    Raises
    ------
    DataTypeError
        It is none of these.
    ParameterError
        A number is not positive, or a task is missing or unknown.

    Examples
    --------
    >>> initial_counts(None, ["low", "high"], 6), initial_counts(2, ["low", "high"], 6)
    ({'low': 7, 'high': 3}, {'low': 2, 'high': 2})
    """
    if initial is None:
        first = min(max(inputs + 1, FEWEST), MOST)
        return {task: first if place == 0 else max(first // 2, 2) for place, task in enumerate(tasks)}
    if isinstance(initial, Integral) and not isinstance(initial, bool):
        initial = dict.fromkeys(tasks, initial)
    if not isinstance(initial, Mapping):
        raise DataTypeError(f"initial={initial!r}, expected a number of rows, or one for each task: {{'low': 8, ...}}")
    if set(initial) != set(tasks):
        raise ParameterError(f"initial is for {listed(initial)}, but the tasks are {listed(tasks)}; name each of them")
    bad = [count for count in initial.values() if not isinstance(count, Integral) or count < 1]
    if bad:
        raise ParameterError(
            f"initial has {bad[0]!r}, expected whole numbers from 1 on: a fit needs values of each task"
        )
    return {task: int(initial[task]) for task in tasks}


class Start:
    """Plans the start, given what was asked for already: the same rows whether they are asked for one by one or at once.

    Tasks take turns in their order. Each goes to rows where another one is or will be measured, if there are enough of
    these, and to new ones if not, so that tasks share rows.

    Parameters
    ----------
    space
        With the known constraints in it.
    random_state
        Of the campaign.
    taken
        Pairs that are measured or pending.
    closed
        Pairs that cannot be asked for.
    """

    def __init__(self, space: Pool | Box, random_state: int, taken: Sequence[Pair], closed: frozenset[Pair]) -> None:
        self.space, self.random_state = space, random_state
        self.points = Points(space.columns, space.levels)
        self.taken, self.closed = list(dict.fromkeys(taken)), set(closed)

    def missing(self, counts: Mapping[str, int]) -> list[Pair]:
        """Pairs that the start still lacks, in the order in which to ask for them."""
        return [pair for task, count in counts.items() for pair in self._add(task, count - len(self._rows(task)))]

    def more(self, task: str, count: int) -> list[Pair]:
        """More pairs of a task at new rows."""
        return self._place(self._fresh(task, count), task)

    def _add(self, task: str, count: int) -> list[Pair]:
        if count <= 0:
            return []
        known = [point for point in self._known() if (point, task) not in self.closed]
        if len(known) < count:
            return self._place([*known, *self._fresh(task, count - len(known))], task)
        shared = Pool(self.points.frame(known))
        chosen = shared.space_filling(count, self.points.frame(self._rows(task)), self.random_state)
        return self._place([known[place] for place in chosen.index], task)

    def _place(self, points: Sequence[Point], task: str) -> list[Pair]:
        pairs = [(point, task) for point in points]
        self.taken += pairs
        self.closed |= set(pairs)
        return pairs

    def _rows(self, task: str) -> list[Point]:
        return [point for point, other in self.taken if other == task]

    def _known(self) -> list[Point]:
        """Rows of the space where something is measured or pending."""
        points = list(dict.fromkeys(point for point, _ in self.taken))
        if isinstance(self.space, Pool):
            return [point for point in points if point in self.space.labels_at]
        allowed = self.space.allows(self.points.frame(points))
        return [point for point, kept in zip(points, allowed, strict=True) if kept]

    def _fresh(self, task: str, count: int) -> list[Point]:
        taken = self.points.frame(dict.fromkeys(point for point, _ in self.taken))
        if isinstance(self.space, Pool):
            seen = {point for point, _ in self.taken} | {point for point, other in self.closed if other == task}
            places = [place for place, point in enumerate(self.space.points.values()) if point not in seen]
            rows = self.space.space_filling(count, taken, self.random_state, np.array(places, dtype=int))
        else:
            failed = [point for point, other in self.closed if other == task]
            seen_rows = self.points.frame([*dict.fromkeys([point for point, _ in self.taken] + failed)])
            rows = self.space.space_filling(count, seen_rows, self.random_state)
        return self.points.read(rows, "the space")
