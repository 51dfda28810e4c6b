"""High values at random: what everyone has to beat."""

from __future__ import annotations

import numpy as np

from benchmarks.optimization_problems import Search
from benchmarks.optimizers import HIGH, Choice, Seen


class Uniform:
    """Candidates that were not measured, or points of the cube, drawn alike; the best measured one is recommended."""

    def __init__(self, search: Search, seed: int, batch: int) -> None:
        self._search, self._rng = search, np.random.default_rng([seed, 2])

    def choose(self, seen: Seen, left: float) -> Choice:
        """One more high value."""
        best = seen.x[seen.y.argmax()]
        if self._search.pool is None:
            return Choice(self._rng.random((1, self._search.inputs)), np.array([HIGH]), best)
        open_rows = self._search.pool[~measured(self._search.pool, seen)]
        return Choice(open_rows[[self._rng.integers(len(open_rows))]], np.array([HIGH]), best)


def measured(pool: np.ndarray, seen: Seen) -> np.ndarray:
    """Whether each candidate of a pool (N, d) is among points that were seen."""
    known = {point.tobytes() for point in seen.x}
    return np.array([point.tobytes() in known for point in pool])
