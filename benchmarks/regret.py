"""What regrets come to: averages over seeds, the cost of a regret, and the saving of two fidelities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.contestants import Array
from benchmarks.race import Steps

DROP = 0.9  # share of the single-fidelity drop of the regret at which costs are compared


def value_at(steps: Steps, cost: Array) -> Array:
    """A step function at some costs; before its first step, its first value."""
    start, value = np.array(steps, dtype=float).T
    return value[np.maximum(np.searchsorted(start, cost + 1e-9, side="right") - 1, 0)]


def mean_over(steps: Steps, first: float, last: float) -> float:
    """Mean of a step function over an interval of costs."""
    inside = [cost for cost, _ in steps if first < cost < last]
    edges = np.array([first, *inside, last])
    return float(value_at(steps, edges[:-1]) @ np.diff(edges) / (last - first))


class Curve(NamedTuple):
    """Mean (c,) over seeds and its standard error, from each cost (c,) on."""

    cost: Array
    mean: Array
    error: Array

    @classmethod
    def of(cls, runs: Sequence[Steps]) -> Curve:
        """Of one run a seed."""
        cost = np.unique([step for steps in runs for step, _ in steps])
        cost = cost[cost >= max(steps[0][0] for steps in runs)]
        values = np.stack([value_at(steps, cost) for steps in runs])
        spread = values.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(len(cost))
        return cls(cost, values.mean(axis=0), spread / np.sqrt(len(runs)))

    def cost_of(self, level: float) -> float:
        """The least cost at which the mean is at a level or below; NaN if it never is."""
        reached = np.flatnonzero(self.mean <= level * (1.0 + 1e-9))
        return float(self.cost[reached[0]]) if len(reached) else float("nan")

    @property
    def target(self) -> float:
        """The mean after DROP of its whole drop."""
        return float(self.mean[0] - DROP * (self.mean[0] - self.mean[-1]))


def saving(single: Curve, several: Curve) -> float:
    """(C_single - C_several) / C_single, the costs at which each reaches the single one's target; NaN if never.

    Examples
    --------
    >>> single = Curve.of([[[3, 10.0], [20, 1.0], [25, 0.0]]])
    >>> several = Curve.of([[[3, 10.0], [8, 0.5]]])
    >>> saving(single, several)
    0.6
    """
    needed = single.cost_of(single.target)
    return (needed - several.cost_of(single.target)) / needed
