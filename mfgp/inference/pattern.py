"""Which tasks are known at a row, and which coordinates of the others that says something of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

UNKNOWN, NOISY, EXACT = 0, 1, 2


class Known(NamedTuple):
    """Values (n, T) of tasks that are known at n rows, NaN where not, and the variances (n, T) of their noise."""

    value: Tensor
    variance: Tensor

    @classmethod
    def nothing(cls, rows: int, num_tasks: int, like: Tensor) -> Known:
        """No task is known at any row."""
        return cls(like.new_full((rows, num_tasks), torch.nan), like.new_zeros(rows, num_tasks))

    def at(self, rows: Tensor) -> Known:
        """Those of some of the rows."""
        return Known(self.value[rows], self.variance[rows])


class Pattern:
    """What is known at a row, and what follows for the coordinates of the tasks.

    Parameters
    ----------
    sources
        For each task its sources, each task after these.
    state
        For each task whether it is UNKNOWN, NOISY (known with noise) or EXACT.

    Attributes
    ----------
    live
        Tasks with tasks computed from them that are not known exactly, so that their coordinates matter.
    tied
        Those of them on whose coordinates there is evidence: what a known task depends on.

    Examples
    --------
    >>> pattern = Pattern({0: (), 1: (0,), 2: (1,)}, [UNKNOWN, UNKNOWN, NOISY])
    >>> pattern.live, pattern.tied, pattern.coordinates(0)
    ([0, 1], [0, 1], [0, 1])
    >>> Pattern({0: (), 1: (0,), 2: (1,)}, [UNKNOWN, EXACT, NOISY]).tied
    [0]
    """

    def __init__(self, sources: Mapping[int, Sequence[int]], state: Sequence[int]) -> None:
        self.state = tuple(state)
        inner = {source for several in sources.values() for source in several}
        self.live = [task for task in sources if task in inner and state[task] != EXACT]
        self._reached: dict[int, frozenset[int]] = {}
        for task, several in sources.items():
            open_sources = [source for source in several if state[source] != EXACT]
            self._reached[task] = frozenset(open_sources).union(*(self._reached[source] for source in open_sources))
        evidence = [reached for task, reached in self._reached.items() if state[task] != UNKNOWN]
        self.tied = sorted(frozenset[int]().union(*evidence))

    def is_evidence(self, task: int) -> bool:
        """Whether the task is known and says something of other tasks' coordinates."""
        return self.state[task] != UNKNOWN and bool(self._reached[task])

    def coordinates(self, task: int) -> list[int]:
        """Live tasks of whose coordinates the task's distribution is a mixture of normals."""
        mine = self._reached[task] | ({task} & set(self.tied))
        return sorted(mine.union(self.tied) if mine.intersection(self.tied) else mine)


def patterns(sources: Mapping[int, Sequence[int]], known: Known, block: int) -> Iterator[tuple[Pattern, Tensor]]:
    """Each pattern with the places of its rows, at most so many at a time."""
    state = torch.where(known.value.isnan(), UNKNOWN, torch.where(known.variance > 0.0, NOISY, EXACT))
    kinds, kind = torch.unique(state, dim=0, return_inverse=True)
    for number, states in enumerate(kinds.tolist()):
        pattern = Pattern(sources, states)
        for rows in torch.nonzero(kind == number).squeeze(-1).split(max(1, block)):
            yield pattern, rows
