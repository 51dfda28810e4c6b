"""Learned positions of levels against one-hot columns, on ten levels that are points of a line.

    python -m benchmarks.levels [--rows 80] [--high 20] [--first 0] [--seeds 5]

Prints, for each architecture, the normalised error of both tasks at 300 new rows with each way of reading the levels,
the rank correlation of the first coordinate with the hidden order, and the seconds of a fit; means over the seeds. Then
the time of one evaluation of the evidence with its gradient, with levels as positions and as one-hot columns.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
import torch

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.data import Inputs, Observations
from mfgp.inference import TaskNoise
from mfgp.inference.objective import Objective
from mfgp.kernels import CoregionalizationKernel, input_kernel
from mfgp.kernels.levels import expanded_columns

LEVELS = list("abcdefghij")


def problem(rows: int, seed: int, noise: float = 0.02) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Inputs, two tasks, and the hidden coordinate of each level; the last 300 rows are for testing."""
    rng = np.random.default_rng(seed)
    hidden = pd.Series(rng.permutation(len(LEVELS)) / 4.5 - 1.0, LEVELS)
    X = pd.DataFrame({"x": rng.uniform(-1.0, 1.0, rows + 300), "level": rng.choice(LEVELS, rows + 300)})
    h = X["level"].map(hidden)
    low = np.sin(3.0 * X.x + 2.0 * h) + h * X.x
    Y = pd.DataFrame({"low": low, "high": 2.0 * low + h**2})
    return X, Y + noise * rng.standard_normal(Y.shape), hidden


def accuracy(rows: int, high: int, seeds: range) -> pd.DataFrame:
    """One line an architecture and way of reading levels."""
    lines = []
    for seed in seeds:
        X, Y, hidden = problem(rows, seed)
        known = Y.iloc[:rows].copy()
        known.iloc[high:, 1] = np.nan
        for inputs in ("positions", "one-hot"):
            table = X if inputs == "positions" else pd.get_dummies(X, dtype=float)
            for estimator in (MultiTaskGP(), DifferenceGP(), LatentVariableGP(), IndependentGP()):
                began = time.perf_counter()
                model = estimator.fit(table.iloc[:rows], known)
                seconds = time.perf_counter() - began
                truth = Y.iloc[rows:]
                error = np.sqrt(np.square(model.predict(table.iloc[rows:]) - truth).mean()) / truth.std()
                line = {"estimator": type(estimator).__name__, "levels as": inputs, **error.to_dict()}
                if inputs == "positions":
                    z = model.level_embeddings_.xs(model._process_names()[0])["z0"].droplevel(0)
                    line["rank correlation"] = abs(z.corr(hidden, method="spearman"))
                lines.append(line | {"seconds": seconds})
    return pd.DataFrame(lines).groupby(["estimator", "levels as"], sort=False).mean()


def evaluation_time(rows: int, repeats: int = 5) -> dict[str, float]:
    """Milliseconds of one evaluation, the fastest of some in turn."""
    X, Y, _ = problem(rows, 0)
    y = ((Y - Y.mean()) / Y.std()).to_numpy()
    targets = {}
    for inputs, table in (("positions", X), ("one-hot", pd.get_dummies(X, dtype=float))):
        read = Inputs.learn(table)
        x, _ = read.read(table)
        kernel = CoregionalizationKernel([input_kernel("matern52", expanded_columns(x.shape[1], read.counts))], 2, 2)
        kernel.embed_levels(x.shape[1], read.counts)
        data = Observations.gather(x, y, None)
        targets[inputs] = Objective(kernel, TaskNoise(2, data.task), data)
    times: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(repeats):
        for name, target in targets.items():
            began = time.perf_counter()
            target.value_and_gradient(target.get())
            times[name].append(1e3 * (time.perf_counter() - began))
    return {name: min(several) for name, several in times.items()}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=80)
    parser.add_argument("--high", type=int, default=20, help="how many of the rows have the second task")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(accuracy(options.rows, options.high, range(options.first, options.first + options.seeds)).round(3))
    print(pd.DataFrame({rows: evaluation_time(rows) for rows in (50, 400, 1000)}).round(1))


if __name__ == "__main__":
    main()
