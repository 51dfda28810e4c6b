"""Linear functions of tasks: weights and a constant."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LinearForm:
    """sum_t w_t f_t + c.

    Parameters
    ----------
    weights
        w_t by task, those that are not zero.
    offset
        c.

    Examples
    --------
    >>> (LinearForm({"a": 1.0}, 2.0) - LinearForm({"a": 1.0, "b": 3.0}, 0.5)).scale(2.0)
    LinearForm(weights={'b': -6.0}, offset=3.0)
    """

    weights: Mapping[Hashable, float]
    offset: float

    @property
    def is_constant(self) -> bool:
        """Whether no task has a weight."""
        return not self.weights

    def scale(self, factor: float) -> LinearForm:
        """The form times a number."""
        return LinearForm(_nonzero({t: factor * w for t, w in self.weights.items()}), factor * self.offset)

    def __add__(self, other: LinearForm) -> LinearForm:
        names = dict.fromkeys([*self.weights, *other.weights])
        total = {name: self.weights.get(name, 0.0) + other.weights.get(name, 0.0) for name in names}
        return LinearForm(_nonzero(total), self.offset + other.offset)

    def __sub__(self, other: LinearForm) -> LinearForm:
        return self + other.scale(-1.0)

    def vector(self, tasks: Sequence[Hashable]) -> np.ndarray:
        """The weights in the order of the tasks, (T,)."""
        return np.array([self.weights.get(name, 0.0) for name in tasks])


def _nonzero(weights: dict[Hashable, float]) -> dict[Hashable, float]:
    return {name: weight for name, weight in weights.items() if weight != 0.0}
