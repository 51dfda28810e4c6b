"""Whether sharing is told to help where it helps, and not where it cannot.

    python -m benchmarks.transfer [--seeds 20] [--first 0] [--jobs 1] [--out FILE.csv]

A task has 20 values with a little noise, and a source 60, one at each row, of two inputs. Both are random smooth
functions.
The source is one of three:

    related     the task is 1.5 times the source plus a smaller function of its own
    unrelated   as smooth, and made uncorrelated with the task over the whole domain
    noise       independent normal values

For each seed `mfgp.compare` judges two architectures that share against the baseline in five folds, made twice, with
the source unknown and known at the predicted rows. `mfgp.AutoGP` chooses one from all the values, and predicts 400 new
points, as the baseline does. Counted are seeds with each verdict; of AutoGP, how often it shared, the geometric mean of
its CRPS over the baseline's with its standard error over the seeds, and the largest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import qmc
from sklearn.utils.parallel import Parallel, delayed

from mfgp import AutoGP, DifferenceGP, IndependentGP, MultiTaskGP, compare
from mfgp.validation.scores import crps

SOURCES = ("related", "unrelated", "noise")
ROWS, VALUES, FRESH = 60, 20, 400
NOISE = 0.05
LENGTHSCALE, OWN_LENGTHSCALE, OWN = 0.25, 0.6, 0.15
FEATURES = 200

Function = Callable[[np.ndarray], np.ndarray]


def smooth(generator: np.random.Generator, lengthscale: float) -> Function:
    """A draw of a Gaussian process on two inputs by random features (Rahimi & Recht 2007), of unit variance."""
    frequencies = generator.standard_normal((2, FEATURES)) / lengthscale
    phases, weights = generator.uniform(0, 2 * np.pi, FEATURES), generator.standard_normal(FEATURES)
    return lambda x: np.cos(x @ frequencies + phases) @ weights * np.sqrt(2 / FEATURES)


def uncorrelated(function: Function, other: Function) -> Function:
    """A function less its regression on another one over the unit square."""
    grid = qmc.Sobol(2, rng=0).random(2**12)
    at_grid = other(grid)
    slope, offset = np.polyfit(at_grid, function(grid), 1)
    return lambda x: function(x) - slope * other(x) - offset


def problem(source: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Inputs and values to learn from, new inputs, and the task's true values there."""
    generator = np.random.default_rng([seed, SOURCES.index(source)])
    x, fresh = generator.random((ROWS, 2)), generator.random((FRESH, 2))
    first, second, own = (smooth(generator, scale) for scale in (LENGTHSCALE, LENGTHSCALE, OWN_LENGTHSCALE))
    truth: Function = lambda x: 1.5 * first(x) + OWN * own(x)  # noqa: E731
    low = {
        "related": first(x),
        "unrelated": uncorrelated(second, truth)(x),
        "noise": generator.standard_normal(ROWS),
    }[source]
    Y = pd.DataFrame({"low": low, "high": truth(x)}) + NOISE * generator.standard_normal((ROWS, 2))
    Y.loc[generator.permutation(ROWS)[VALUES:], "high"] = np.nan
    names = ["a", "b"]
    return pd.DataFrame(x, columns=names), Y, pd.DataFrame(fresh, columns=names), truth(fresh)


def run_one(source: str, seed: int) -> list[dict[str, object]]:
    """The verdicts of one seed, one line a situation."""
    X, Y, fresh, truth = problem(source, seed)
    estimators = {"DifferenceGP": DifferenceGP(), "MultiTaskGP": MultiTaskGP(), "IndependentGP": IndependentGP()}
    comparison = compare(estimators, X, Y, task="high", repeats=2, random_state=seed)
    auto, baseline = AutoGP(tasks=["high"]).fit(X, Y), IndependentGP().fit(X, Y)
    losses = []
    for model in (auto, baseline):
        prediction = model.predict_distribution(fresh)["high"]
        losses.append(crps(truth, prediction.means[:, 0], prediction.deviations[:, 0]))
    best = comparison.verdicts().groupby(level="situation")["change"].min()
    return [
        {
            "source": source,
            "seed": seed,
            "situation": situation,
            "verdict": line["verdict"],
            "recommended": line["recommended"],
            "change": best[situation],
            "auto": auto.selection_.index[auto.selection_["chosen"]][0],
            "auto_ratio": losses[0] / losses[1],
        }
        for situation, line in comparison.recommendation().iterrows()
    ]


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """One line a source: seeds with each verdict in each situation, and what AutoGP did."""
    counts = found.groupby(["source", "situation"])["verdict"].value_counts().unstack(["situation", "verdict"])
    once = found.drop_duplicates(["source", "seed"])
    logs = np.log(once["auto_ratio"]).groupby(once["source"])
    auto = pd.DataFrame(
        {
            ("AutoGP", "shared"): once.groupby("source")["auto"].agg(lambda names: (names != "IndependentGP").sum()),
            ("AutoGP", "CRPS ratio"): np.exp(logs.mean()),
            ("AutoGP", "se of its log"): logs.sem(),
            ("AutoGP", "largest"): np.exp(logs.max()),
        }
    )
    return counts.fillna(0).astype(int).sort_index(axis=1).join(auto).loc[list(SOURCES)]


def main() -> None:
    """Parse the arguments, print the table, and write the lines where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes; -1 for one a core")
    parser.add_argument("--out", type=Path, help="CSV file to write every seed's line to")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    jobs = [delayed(run_one)(source, seed) for seed in seeds for source in SOURCES]
    lines: list[dict[str, object]] = []
    for several in Parallel(n_jobs=arguments.jobs, return_as="generator")(jobs):
        lines += several
        if arguments.out:
            pd.DataFrame(lines).to_csv(arguments.out, index=False)
    found = pd.DataFrame(lines)
    print(summary(found).round(3).T.to_string())


if __name__ == "__main__":
    main()
