"""Data sets with a known truth: which function, how many values of each fidelity, how much noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import qmc

from benchmarks.contestants import Array, Train
from mfgp.datasets import Synthetic, borehole, currin, forrester, park

_A = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
TEST_POINTS = 1000


def _exponents(x: Array) -> Array:
    return -np.einsum("ij,nij->ni", _A, np.square(x[:, None, :] - _P))


def _hartmann_high(x: Array) -> Array:
    return -(2.58 + np.exp(_exponents(x)) @ [1.0, 1.2, 3.0, 3.2]) / 1.94


def _hartmann_low(x: Array) -> Array:
    nearly = (np.exp(-4 / 9) * (1 + (_exponents(x) + 4) / 9)) ** 9
    return -(2.58 + nearly @ [0.5, 0.5, 2.0, 4.0]) / 1.94


#: Six inputs in [0.1, 1]. Low fidelity: other weights, and the exponential by the ninth power of its tangent at -4/9.
hartmann = Synthetic(
    "Hartmann",
    {f"x{i}": (0.1, 1.0) for i in range(1, 7)},
    {"low": _hartmann_low, "high": _hartmann_high},
    "Park, Haftka and Kim, Struct. Multidiscip. Optim. 55, 1029 (2017)",
)


@dataclass(frozen=True)
class Problem:
    """A function with its sizes and noise.

    Parameters
    ----------
    function
        The truth, with the tasks "low" and "high".
    low, high
        How many values of each.
    noise
        Standard deviation of the noise, in standard deviations of each task over the inputs.
    """

    function: Synthetic
    low: int
    high: int
    noise: float = 0.0

    @property
    def name(self) -> str:
        """Function, sizes and noise."""
        return f"{self.function.name} {self.low}+{self.high}" + (f", noise {self.noise:g}" if self.noise else "")

    def draw(self, seed: int) -> Train:
        """Observations, from designs that are Latin hypercubes, each fidelity's of its own."""
        spread = self.function.truth(self._test_inputs()).std()
        noise = {task: self.noise * spread[task] for task in self.function.tasks}
        X, Y = self.function.sample({"low": self.low, "high": self.high}, noise=noise, random_state=seed)
        seen = [Y[task].notna() for task in self.function.tasks]
        return Train(
            [X[here].to_numpy() for here in seen],
            [Y.loc[here, task].to_numpy() for task, here in zip(self.function.tasks, seen, strict=True)],
            np.array(list(self.function.bounds.values()), dtype=float),
            self.noise > 0.0,
        )

    def test(self) -> tuple[Array, Array]:
        """Inputs (TEST_POINTS, d), the same for every seed, and the high fidelity there, without noise."""
        X = self._test_inputs()
        return X.to_numpy(), self.function.truth(X)["high"].to_numpy()

    def _test_inputs(self) -> pd.DataFrame:
        low, high = np.array(list(self.function.bounds.values()), dtype=float).T
        points = qmc.LatinHypercube(len(low), rng=np.random.default_rng(20_000)).random(TEST_POINTS)
        return pd.DataFrame(qmc.scale(points, low, high), columns=self.function.inputs)


PUBLISHED = (forrester, currin, park, borehole)


def six_inputs(count: int, noise: float = 0.1) -> Problem:
    """The noisy problem of two tasks and six inputs, a fifth of the values being of the high fidelity."""
    return Problem(hartmann, count - count // 5, count // 5, noise)
