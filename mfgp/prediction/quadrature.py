"""Randomised quasi-Monte Carlo over standard normals, row by row, to a stated error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real
from typing import TypeAlias, final

import numpy as np
from scipy.special import ndtri
from scipy.stats.qmc import Sobol

from mfgp.errors import ParameterError
from mfgp.inference.threads import one_thread
from mfgp.prediction.statistic import Statistic

REPLICATES = 16  # independent scramblings, whose scatter is the error
FEWEST = 64  # points of each at first
BLOCK = 1 << 20  # numbers in an array

Integrand: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Places of rows (r,) and standard normals (s, d) to values (r, s)."""


@dataclass(frozen=True)
class Estimates:
    """What was estimated at each of n rows.

    Parameters
    ----------
    value
        (n, m) estimates.
    error
        (n, m) their standard errors.
    settled
        (n,) whether the errors are within the tolerance.
    draws
        (n,) how many draws were taken.
    """

    value: np.ndarray
    error: np.ndarray
    settled: np.ndarray
    draws: np.ndarray

    @classmethod
    def exact(cls, *columns: np.ndarray) -> Estimates:
        """Columns (n,) that have no error."""
        value, rows = np.stack(columns, axis=1), len(columns[0])
        return cls(value, np.zeros_like(value), np.ones(rows, dtype=bool), np.zeros(rows, dtype=int))


@final
@dataclass(frozen=True)
class Quadrature:
    """How exactly to integrate, and how to make it the same again.

    Sobol points in 16 independent scramblings (Owen 1995) are mapped to standard normals, the same at every row. The
    error is estimated by the scatter of the 16 answers. Where it is too large, points are doubled, once or several
    times as its size says.

    Parameters
    ----------
    tolerance
        Largest standard error of means and deviations, as a share of the row's deviation. Of quantiles it is twice as
        large, of probabilities half.
    limit
        Most draws at a row, all scramblings together.
    seed
        Of the scramblings.

    Raises
    ------
    ParameterError
        One of them means nothing.
    """

    tolerance: float = 0.01
    limit: int = 1 << 16
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.tolerance, Real) or not 0.0 < self.tolerance < 1.0:
            raise ParameterError(
                f"tolerance={self.tolerance!r}, expected a share of the deviation between 0 and 1, such as 0.01"
            )
        if not isinstance(self.limit, Integral) or self.limit < REPLICATES * FEWEST:
            raise ParameterError(
                f"limit={self.limit!r}, expected a whole number of draws of at least {REPLICATES * FEWEST}"
            )
        if not isinstance(self.seed, Integral) or self.seed < 0:
            raise ParameterError(f"seed={self.seed!r}, expected a whole number from 0 on")

    @one_thread()
    def estimate(
        self, integrand: Integrand, statistic: Statistic, *, rows: int, dimension: int, width: int
    ) -> Estimates:
        """Estimate a statistic of the values of an integrand at each row.

        Parameters
        ----------
        integrand
            Places of rows (r,) and standard normals (s, d) to values (r, s).
        statistic
            What to estimate of them.
        rows
            n.
        dimension
            d.
        width
            How many numbers of a row and a draw are in memory at once; it bounds the rows that are taken together.
        """
        waiting = {FEWEST: [np.arange(rows)]}
        most = FEWEST * 2 ** int(np.log2(self.limit // (REPLICATES * FEWEST)))
        parts: list[tuple[np.ndarray, ...]] = []
        while waiting:
            points = min(waiting)
            normals = standard_normals(dimension, points, self.seed)
            weights = _weights(normals, statistic.spread).reshape(REPLICATES, points)
            wider = statistic.spread * normals
            for some in blocks(np.concatenate(waiting.pop(points)), len(normals) * width):
                values = integrand(some, wider).reshape(len(some), REPLICATES, points)
                value, error, excess = statistic(values, weights, self.tolerance)
                doublings = np.ceil(np.log2(excess.clip(1.0, most / points)))
                final = (excess <= 1.0) | (points == most)
                draws = np.full(len(some), len(normals))
                parts.append(tuple(part[final] for part in (some, value, error, excess <= 1.0, draws)))
                for power in np.unique(doublings[~final]):
                    again = some[~final & (doublings == power)]
                    waiting.setdefault(points * 2 ** int(max(power, 1)), []).append(again)
        place, value, error, settled, draws = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(place)
        return Estimates(value[order], error[order], settled[order], draws[order])


@lru_cache(maxsize=4)
def standard_normals(dimension: int, points: int, seed: int) -> np.ndarray:
    """(16 points, dimension) standard normals, one scrambling after the other; do not write to them."""
    seeds = np.random.SeedSequence(seed).spawn(REPLICATES)
    sequences = [Sobol(dimension, rng=np.random.default_rng(s)).random(points) for s in seeds]
    smallest = 2.0**-31  # what lies at zero is moved by half of the points' resolution
    return ndtri(np.concatenate(sequences).clip(smallest, 1.0 - smallest))


def _weights(normals: np.ndarray, spread: float) -> np.ndarray:
    """(s,) ratios of densities at wider normals: of deviation one to that of the spread, up to a factor."""
    return np.exp((1.0 - spread**2) / 2.0 * np.square(normals).sum(axis=1))


def blocks(places: np.ndarray, each: int) -> list[np.ndarray]:
    """Places in turn, as many at once as fit into memory if each takes so many numbers."""
    step = max(1, BLOCK // each)
    return [places[start : start + step] for start in range(0, max(len(places), 1), step)]
