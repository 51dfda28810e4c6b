"""Forrester's function from 21 low and 5 high noise-free points: how often each architecture solves it.

    python -m benchmarks.forrester [--seeds 20] [--first 1000] [--out FILE.csv]

Each seed draws two Latin hypercube designs, one for each fidelity, so that the high points are no subset of the low
ones. The error is the root mean square error of the high fidelity on 1001 points, divided by its range; a seed counts
as solved where that is below 0.05.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import root_mean_squared_error

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.datasets import forrester

SIZES = {"low": 21, "high": 5}
SOLVED = 0.05


def run(seeds: range) -> pd.DataFrame:
    """Normalised error of each architecture (columns) for each seed (index)."""
    grid = pd.DataFrame({"x": np.linspace(0.0, 1.0, 1001)})
    truth = forrester.truth(grid)["high"]
    errors = {}
    for seed in seeds:
        X, Y = forrester.sample(SIZES, random_state=seed)
        for model in (DifferenceGP(), MultiTaskGP(), LatentVariableGP(), IndependentGP()):
            predicted = model.fit(X, Y).predict(grid)["high"]
            errors[seed, type(model).__name__] = root_mean_squared_error(truth, predicted) / np.ptp(truth)
    return pd.Series(errors).unstack()


def main() -> None:
    """Parse the arguments, print how many seeds each architecture solves, and write the errors where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=1000, help="the first seed")
    parser.add_argument("--out", type=Path, help="CSV file to write the errors to")
    arguments = parser.parse_args()
    errors = run(range(arguments.first, arguments.first + arguments.seeds))
    counts = pd.DataFrame({"solved": (errors < SOLVED).sum(), "of": len(errors), "median error": errors.median()})
    print(counts.round(4).to_string())
    if arguments.out:
        errors.to_csv(arguments.out, index_label="seed")


if __name__ == "__main__":
    main()
