"""Random small problems, many of them hostile: tables as a hurried user might give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

import mfgp
from mfgp.architectures.regressor import Regressor

ARCHITECTURES: dict[str, Callable[..., Regressor]] = {
    kind.__name__: kind
    for kind in (
        mfgp.DifferenceGP,
        mfgp.MultiTaskGP,
        mfgp.LatentVariableGP,
        mfgp.IndependentGP,
        mfgp.CascadeGP,
        mfgp.AutoGP,
    )
}
KERNELS = ("matern52", "matern52", "matern52", "matern32", "matern12", "rbf")
MOST_TASKS, MOST_INPUTS, MOST_ROWS, NEW_ROWS = 5, 6, 40, 5
DECADES = 140.0


@dataclass(frozen=True)
class SoakProblem:
    """One table, its architecture, and rows to predict.

    Parameters
    ----------
    architecture, kernel
        What is fitted.
    traits
        What is peculiar, in words.
    X, Y, noise
        As for ``fit``.
    new
        Rows that were not learned from, near and far.
    """

    architecture: str
    kernel: str
    traits: tuple[str, ...]
    X: pd.DataFrame
    Y: pd.DataFrame
    noise: pd.DataFrame | None
    new: pd.DataFrame

    def estimator(self) -> Regressor:
        """The architecture, before the fit."""
        return ARCHITECTURES[self.architecture](kernel=self.kernel)


def draw_problem(seed: int, number: int) -> SoakProblem:
    """A problem by its number; the same for the same seed."""
    random = np.random.default_rng([seed, number])
    traits: list[str] = []
    rows = int(random.integers(1, MOST_ROWS + 1))
    X = _inputs(random, rows, traits)
    Y = _tasks(random, X, traits)
    noise = _noise(random, Y, traits)
    near = X.iloc[random.integers(0, rows, NEW_ROWS)].reset_index(drop=True)
    far = near.copy()
    for name in X.select_dtypes("number"):
        width = float(np.ptp(X[name])) or float(X[name].abs().max()) or 1.0
        near[name] += 0.3 * width * random.normal(size=NEW_ROWS)
        far[name] += width * 10.0 ** random.uniform(0.0, 12.0, NEW_ROWS)
    new = pd.concat([near, far], ignore_index=True)
    if "level" in X:
        new.loc[0, "level"] = "unseen"
    architecture = str(random.choice(list(ARCHITECTURES)))
    return SoakProblem(architecture, str(random.choice(KERNELS)), tuple(traits), X, Y, noise, new)


def _inputs(random: Generator, rows: int, traits: list[str]) -> pd.DataFrame:
    count = int(random.integers(1, MOST_INPUTS + 1))
    x = random.normal(size=(rows, count)) if random.random() < 0.3 else random.uniform(size=(rows, count))
    if random.random() < 0.2:
        x = np.round(x, 1)
        traits.append("grid")
    if random.random() < 0.2:
        x = x[random.integers(0, rows, rows)]
        traits.append("repeated rows")
    if random.random() < 0.15:
        x = x + 1e-12 * random.normal(size=x.shape) if random.random() < 0.5 else 1.0 + 1e-12 * x
        traits.append("inputs 1e-12 apart")
    if random.random() < 0.15:
        x[:, int(random.integers(count))] = random.normal()
        traits.append("constant input")
    if random.random() < 0.3:
        x = x * 10.0 ** random.uniform(-DECADES, DECADES, count)
        traits.append("inputs of any size")
    X = pd.DataFrame(x, columns=[f"x{place}" for place in range(count)])
    if random.random() < 0.15:
        X["level"] = random.choice(["a", "b", "c"], rows)
        traits.append("categories")
    return X


def _tasks(random: Generator, X: pd.DataFrame, traits: list[str]) -> pd.DataFrame:
    count = int(random.integers(1, MOST_TASKS + 1))
    numbers = X.select_dtypes("number").to_numpy()
    spread = np.ptp(numbers, axis=0)
    u = (numbers - numbers.min(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    first = _function(random, u)
    columns = []
    for _ in range(count):
        kind = str(random.choice(["related", "related", "identical", "collinear", "constant", "unrelated", "noise"]))
        y = {
            "related": lambda: random.normal() * first + 0.3 * _function(random, u),
            "identical": lambda: first,
            "collinear": lambda: random.normal() * first + random.normal(),
            "constant": lambda: np.full(len(u), random.normal()),
            "unrelated": lambda: _function(random, u),
            "noise": lambda: random.normal(size=len(u)),
        }[kind]()
        y = y + (random.random() < 0.5) * 10.0 ** random.uniform(-6.0, 0.0) * random.normal(size=len(u))
        if random.random() < 0.3:
            y = y * 10.0 ** random.uniform(-DECADES, DECADES)
            kind += ", scaled"
        if random.random() < 0.1:
            y = y + 10.0 ** random.uniform(0.0, 12.0) * np.abs(y).max()
            kind += ", far from zero"
        if random.random() < 0.05:
            y[int(random.integers(len(y)))] *= 1e9
            kind += ", outlier"
        columns.append(y)
        traits.append(kind)
    Y = pd.DataFrame(np.stack(columns, axis=1), columns=[f"t{task}" for task in range(count)])
    kept = random.choice([1.0, 0.7, 0.3, 0.0], count)
    for task, share in enumerate(kept):
        measured = random.random(len(Y)) < share
        measured[int(random.integers(len(Y)))] = True
        Y.loc[~measured, f"t{task}"] = np.nan
        traits.append(f"{measured.sum()} values")
    return Y


def _function(random: Generator, u: np.ndarray) -> np.ndarray:
    """A wave, a plane or a step over the unit cube."""
    along = u @ random.normal(size=u.shape[1])
    choice = random.integers(3)
    if choice == 0:
        return np.sin(10.0 ** random.uniform(0.0, 1.0) * along + random.normal())
    return along if choice == 1 else np.sign(along - np.median(along))


def _noise(random: Generator, Y: pd.DataFrame, traits: list[str]) -> pd.DataFrame | None:
    if random.random() < 0.6:
        return None
    size = Y.max() - Y.min()
    size = size.where(size > 0.0, Y.abs().max())
    share = 0.0 if random.random() < 0.25 else 10.0 ** random.uniform(-8.0, 1.0)
    noise = pd.DataFrame(share * np.ones(Y.shape), Y.index, Y.columns) * size
    if random.random() < 0.3:
        noise = noise.mask(pd.DataFrame(random.random(Y.shape) < 0.5, Y.index, Y.columns))
    traits.append(f"noise {share:.1g}")
    return noise
