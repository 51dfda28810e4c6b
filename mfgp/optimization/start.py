"""The start: rows that fill the space, before there is anything to learn from."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from mfgp.data.table import listed
from mfgp.errors import DataTypeError, ParameterError
from mfgp.optimization.box import Box
from mfgp.optimization.points import Points
from mfgp.optimization.pool import Pool, plain_label
from mfgp.optimization.trial import Pair, Place

FEWEST, MOST = 4, 10  # rows of the first task by default, where no task only informs
TESTS = 3  # rows of each task of the objective by default, where one does


def initial_counts(initial: Any, tasks: Sequence[str], wanted: Collection[Hashable], inputs: int) -> dict[str, int]:
    """How many rows of each task the start has.

    By default one more than there are inputs, but from 4 to 10, of the first task, and half as many of each other one.
    Where some tasks only inform, 3 of each that the objective or a constraint depends on, and one of each that informs:
    what it tells is asked for later, where it can be compared.

    Parameters
    ----------
    initial
        None for that; a number, of each task; or a mapping from tasks to numbers.
    tasks
        Low fidelity first.
    wanted
        Those that the objectives and the learned constraints depend on.
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
    >>> initial_counts(None, ["low", "high"], {"high"}, 6), initial_counts(2, ["low", "high"], {"high"}, 6)
    ({'low': 1, 'high': 3}, {'low': 2, 'high': 2})
    >>> initial_counts(None, ["activity", "selectivity"], {"activity", "selectivity"}, 6)
    {'activity': 7, 'selectivity': 3}
    """
    if initial is None:
        first = min(max(inputs + 1, FEWEST), MOST)
        if set(tasks) <= set(wanted):
            return {task: first if place == 0 else max(first // 2, 2) for place, task in enumerate(tasks)}
        return {task: TESTS if task in wanted else 1 for task in tasks}
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
    """Plans the start, given what was asked for: the same rows whether they are asked for one by one or at once.

    Tasks take turns. Each goes to rows where another one is or will be measured, if there are enough of
    these, and to new ones if not, so that tasks share rows: what they have in common is seen there at once, and
    elsewhere only by way of what the inputs explain.

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

    def __init__(self, space: Pool | Box, random_state: int, taken: Iterable[Pair], closed: Iterable[Pair]) -> None:
        self.space, self.random_state = space, random_state
        self.points = Points(space.columns, space.levels)
        self.taken, self.closed = list(dict.fromkeys(taken)), set(closed)

    def missing(self, counts: Mapping[str, int]) -> list[Pair]:
        """Pairs that the start still lacks, in the order in which to ask for them."""
        return [pair for task, count in counts.items() for pair in self.more(task, count - len(self._having(task)))]

    def more(self, task: str, count: int) -> list[Pair]:
        """More pairs of a task, at rows where another one is or will be measured, and then at new ones."""
        if count <= 0:
            return []
        known = [place for place in self.within(self._places()) if (place, task) not in self.closed]
        if len(known) < count:
            return self._take([*known, *self._fresh(task, count - len(known))], task)
        return self.spread(task, known, count)

    def rows_of(self, tasks: Iterable[str]) -> list[Place]:
        """Rows, of the space or not, where all of some tasks are measured or pending."""
        rows = set.intersection(*(set(self._having(task)) for task in tasks))
        return [place for place in self._places() if place in rows]

    def within(self, places: Sequence[Place]) -> list[Place]:
        """Those that the space has."""
        if isinstance(self.space, Pool):
            return [place for place in places if place.label in self.space.places]
        kept = self.space.contains(self._frame(places))
        return [place for place, inside in zip(places, kept, strict=True) if inside]

    def spread(self, task: str, places: Sequence[Place], count: int) -> list[Pair]:
        """Pairs of a task at so many of some places, which fill the space beside those where it is known."""
        if count <= 0:
            return []
        chosen = Pool(self._frame(places)).space_filling(count, self._frame(self._having(task)), self.random_state)
        return self._take([places[number] for number in chosen.index], task)

    def _take(self, places: Iterable[Place], task: str) -> list[Pair]:
        pairs = [(place, task) for place in places]
        self.taken += pairs
        self.closed |= set(pairs)
        return pairs

    def _having(self, task: str) -> list[Place]:
        return [place for place, other in self.taken if other == task]

    def _places(self) -> list[Place]:
        """Where something is measured or pending."""
        return list(dict.fromkeys(place for place, _ in self.taken))

    def _fresh(self, task: str, count: int) -> list[Place]:
        seen = dict.fromkeys(self._places())
        gone = seen | dict.fromkeys([place for place, other in self.closed if other == task])
        if isinstance(self.space, Pool):
            everything = list(self.space.places.values())
            among = np.array([number for number, place in enumerate(everything) if place not in gone], dtype=int)
            rows = self.space.space_filling(count, self._frame(seen), self.random_state, among)
            return [self.space.places[plain_label(label)] for label in rows.index]
        rows = self.space.space_filling(count, self._frame(gone), self.random_state)
        return [Place(None, point) for point in self.points.read(rows, "the space")]

    def _frame(self, places: Iterable[Place]) -> pd.DataFrame:
        return self.points.frame(place.point for place in places)
