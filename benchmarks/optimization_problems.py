"""Searches with a known best: a table of candidates or functions in a box, at two fidelities with their costs.

Every search is for the largest value of the high fidelity; functions that are minimised elsewhere are negated. Inputs
are scaled to the unit cube. A measurement of the high fidelity costs 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.stats import qmc

from benchmarks.contestants import Array
from benchmarks.optimizers import HIGH, LOW, Design, Seen
from benchmarks.problems import hartmann
from mfgp.datasets import Synthetic, borehole, park

BUDGET = 30.0  # measurements of the high fidelity; as in Sabanza-Gil et al., see `searches`
START = 3  # of them, spent on the initial design


@dataclass(frozen=True, eq=False)
class Search:
    """Where to look for the largest value of the high fidelity.

    Parameters
    ----------
    name
        Of the search.
    inputs
        How many there are, d.
    values
        Both fidelities (n, 2), low then high, at points (n, d) of the unit cube.
    best
        The largest value of the high fidelity.
    cost
        Of a measurement of the low fidelity.
    fidelity
        Of the low one, for models with the fidelity as an input; the high one's is 1.
    pool
        (N, d) candidates, or None where the whole cube may be searched.
    budget
        What measurements may cost together.
    """

    name: str
    inputs: int
    values: Callable[[Array], Array]
    best: float
    cost: float
    fidelity: float = 0.0
    pool: Array | None = None
    budget: float = BUDGET

    @property
    def costs(self) -> Array:
        """Cost of each fidelity, low then high."""
        return np.array([self.cost, 1.0])

    def measure(self, x: Array, task: np.ndarray) -> Seen:
        """What a measurement shows at points (n, d), of one fidelity each."""
        return Seen(x, task, self.values(x)[np.arange(len(x)), task])

    def start(self, seed: int, design: Design) -> Seen:
        """The initial design.

        "high" is START values of the high fidelity, "compared" the same and a low one at the first of these. "both" is
        all but one of these, and low ones for its money elsewhere.

        In a box the designs are Latin hypercubes. Of a pool the first candidate is drawn, each further one of the high
        fidelity lies farthest from those before it, and those of the low fidelity are drawn.
        """
        rng = np.random.default_rng([seed, 0])
        low = round(1.0 / self.cost)
        if self.pool is None:
            high_x = qmc.LatinHypercube(self.inputs, rng=rng).random(START)
            low_x = qmc.LatinHypercube(self.inputs, rng=rng).random(low)
        else:
            chosen = [int(rng.integers(len(self.pool)))]
            while len(chosen) < START:
                chosen.append(int(cdist(self.pool, self.pool[chosen]).min(axis=1).argmax()))
            high_x = self.pool[chosen]
            low_x = self.pool[rng.choice(len(self.pool), low, replace=False)]
        if design == "high":
            return self.measure(high_x, np.full(START, HIGH))
        if design == "compared":
            return self.measure(np.vstack([high_x, high_x[:1]]), np.repeat([HIGH, LOW], [START, 1]))
        x = np.vstack([high_x[:-1], low_x])
        return self.measure(x, np.repeat([HIGH, LOW], [START - 1, low]))


def _in_box(function: Synthetic, sign: float, best_at: ArrayLike, name: str = "", fidelity: float = 0.0) -> Search:
    lower, upper = np.array(list(function.bounds.values()), dtype=float).T

    def values(x: Array) -> Array:
        truth = function.truth(pd.DataFrame(lower + x * (upper - lower), columns=function.inputs))
        return sign * truth[["low", "high"]].to_numpy()

    best = values(((np.asarray(best_at) - lower) / (upper - lower))[None])[0, HIGH]
    return Search(name or function.name, len(lower), values, float(best), cost=0.1, fidelity=fidelity)


def in_table(name: str, pool: Array, table: Array, cost: float) -> Search:
    """A search among candidates (N, d), each once, with values (N, 2) of the low and the high fidelity."""
    rows = {point.tobytes(): row for row, point in enumerate(pool)}

    def values(x: Array) -> Array:
        return table[[rows[point.tobytes()] for point in x]]

    return Search(name, pool.shape[1], values, float(table[:, HIGH].max()), cost, pool=pool)


def _branin(x: Array, fidelity: float) -> Array:
    x1, x2 = x.T
    curvature = 5.1 / (4 * np.pi**2) - 0.1 * (1 - fidelity)
    return (x2 - curvature * x1**2 + 5 / np.pi * x1 - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x1) + 10


BRANIN_BEST = (np.pi, 2.275)

#: Two inputs; three minima of 0.397887. Low fidelity: the fidelity 0.8 of the augmented function.
branin = Synthetic(
    "Branin",
    {"x1": (-5.0, 10.0), "x2": (0.0, 15.0)},
    {"low": partial(_branin, fidelity=0.8), "high": partial(_branin, fidelity=1.0)},
    "Wu, Toscano-Palmerin, Frazier and Wilson, UAI, PMLR 115, 788 (2020), as botorch.test_functions.AugmentedBranin; "
    "fidelity of Sabanza-Gil et al. (2025)",
)


def small() -> Search:
    """A pool that is searched in seconds: Branin's function on a grid of 10 by 10 points, with 5 of the money."""
    search = _in_box(branin, -1.0, BRANIN_BEST, fidelity=0.8)
    pool = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 10)] * 2), axis=-1).reshape(-1, 2)
    return replace(in_table("Branin on a grid", pool, search.values(pool), search.cost), fidelity=0.8, budget=5.0)


def _cofs(frame: pd.DataFrame, seed: int, useless: bool) -> Search:
    table = frame[["LF", "HF"]].to_numpy(dtype=float)
    x = frame.iloc[:, :14].to_numpy(dtype=float)
    pool = (x - x.min(axis=0)) / np.ptp(x, axis=0)
    if useless:
        table[:, LOW] = np.random.default_rng([seed, 1]).permutation(table[:, LOW])
    return in_table("COFs, useless low fidelity" if useless else "COFs", pool, table, cost=0.065)


def searches(data: Path | None) -> Mapping[str, Callable[[int], Search]]:
    """The searches by name, each a function of the seed; the tables are there if their folder is.

    COFs are the covalent organic frameworks of Gantzler, Deshwal, Doppa and Simon (Digit. Discov. 2, 1937, 2023): Xe/Kr
    selectivity by 14 features, the low fidelity from Henry coefficients at a cost of 0.065. Budget, initial share and
    cost are those of Sabanza-Gil et al. (Nat. Comput. Sci. 5, 572, 2025), who have costs of 0.1 for Branin and Park;
    the same is taken for Hartmann-6 and Borehole. They put two thirds of the initial money into the low fidelity of
    functions, and one third into that of COFs; one third is taken here for all.
    """
    boxes = [
        _in_box(branin, -1.0, BRANIN_BEST, fidelity=0.8),
        _in_box(hartmann, -1.0, [0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054], "Hartmann-6"),
        _in_box(park, 1.0, np.ones(4)),
        _in_box(borehole, 1.0, [0.15, 100.0, 115_600.0, 1_110.0, 116.0, 700.0, 1_120.0, 12_045.0]),
    ]
    found: dict[str, Callable[[int], Search]] = {}
    if data is not None:
        frame = pd.read_csv(data / "cofs.csv")
        for useless in (False, True):
            named = partial(_cofs, frame, useless=useless)
            found[named(0).name] = named
    return found | {search.name: lambda seed, search=search: search for search in boxes}
