"""How well composition features tell a measured band gap from few compounds: the figures of decision record 0002.

    python benchmarks/features.py --data borlido2019_472_solids_15xc_plus_expt.csv            # compare sets
    python benchmarks/features.py --data borlido2019_472_solids_15xc_plus_expt.csv --search   # look for a better one
    python benchmarks/features.py                          # compare sets on the shipped table, not used for choosing

The file has a column ``material`` (formula) and a column ``exp`` (measured gap, eV); gaps of 10 eV and more are left
out. Printed is the mean absolute error in eV on the rows not learned from, averaged over random splits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mfgp.datasets import load_band_gaps
from mfgp.materials import featurize, parse_formula

SIZES = (50, 100, 200, 350)
STATISTICS = ("mean", "deviation", "min", "max")


def gaussian_process(features: int, shared: bool) -> Pipeline:
    """Matern-5/2 with one lengthscale for all features or one for each."""
    lengthscale = 3.0 if shared else np.full(features, 3.0)
    kernel = ConstantKernel(1, (1e-3, 1e3)) * Matern(lengthscale, (1e-1, 1e3), nu=2.5) + WhiteKernel(0.1, (1e-5, 1e1))
    return make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True))


MODELS: dict[str, Callable[[int], RegressorMixin]] = {
    "GP, one lengthscale": lambda features: gaussian_process(features, shared=True),
    "GP, one lengthscale a feature": lambda features: gaussian_process(features, shared=False),
    "random forest": lambda features: RandomForestRegressor(200, random_state=0),
}


def magpie(formulas: pd.Series) -> pd.DataFrame:
    """Statistics of every elemental property in the Magpie table."""
    path = resources.files("elementembeddings") / "data/element_representations/magpie.csv"
    with path.open() as file:
        table = pd.read_csv(file, index_col="element", keep_default_na=False)
    table = table.drop(columns=["GSvolume_pa", "GSbandgap", "GSmagmom", "SpaceGroupNumber"])
    rows = []
    for formula in formulas:
        amounts = parse_formula(formula)
        values, weights = table.loc[list(amounts)], np.array(list(amounts.values())) / sum(amounts.values())
        mean = weights @ values
        kept = {"mean": mean, "deviation": weights @ (values - mean).abs(), "min": values.min(), "max": values.max()}
        rows.append({f"{name}_{kind}": kept[kind][name] for name in table for kind in STATISTICS})
    return pd.DataFrame(rows, index=formulas)


def splits(rows: int, sizes: tuple[int, ...], repeats: int, seed: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Random rows to learn from, and the rest."""
    random = np.random.default_rng(seed)
    for _ in range(repeats):
        order = random.permutation(rows)
        for size in sizes:
            yield size, order[:size], order[size:]


def errors(
    make: Callable[[int], RegressorMixin], X: pd.DataFrame, y: np.ndarray, sizes=SIZES, repeats=10, seed=2
) -> dict:
    """Mean absolute error (eV) by number of rows learned from; predictions below zero count as zero."""
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for size, train, test in splits(len(y), sizes, repeats, seed):
        model = make(X.shape[1]).fit(X.to_numpy()[train], y[train])
        found[size].append(np.abs(np.maximum(model.predict(X.to_numpy()[test]), 0) - y[test]).mean())
    return {size: round(float(np.mean(values)), 3) for size, values in found.items()}


def compare(formulas: pd.Series, y: np.ndarray, repeats: int) -> None:
    """Print the errors of each set of features with each model, then those without each feature."""
    ours, theirs = featurize(formulas), magpie(formulas)
    sets = {
        "mfgp.materials": ours,
        "Magpie, mean": theirs.filter(like="_mean"),
        "Magpie, mean and deviation": theirs.filter(regex="_(mean|deviation)"),
        "Magpie, all four": theirs,
    }
    for set_name, X in sets.items():
        for model_name, make in MODELS.items():
            if X.shape[1] < 40 or "feature" not in model_name:
                print(
                    f"{set_name:30s}{X.shape[1]:4d}  {model_name:32s}{errors(make, X, y, repeats=repeats)}", flush=True
                )
    shared = MODELS["GP, one lengthscale"]
    for column in ours:
        print(f"without {column:54s}{errors(shared, ours.drop(columns=column), y, repeats=repeats)}", flush=True)


def search(formulas: pd.Series, y: np.ndarray, steps: int = 10) -> None:
    """Add the best feature again and again, judged on two thirds of the rows; print the errors on the last third."""
    X = pd.concat([magpie(formulas), featurize(formulas).add_prefix("mfgp ")], axis=1)
    order = np.random.default_rng(7).permutation(len(y))
    develop, hold_out = order[:310], order[310:]
    shared = MODELS["GP, one lengthscale"]
    chosen: list[str] = []
    for _ in range(steps):
        tried = {}
        for column in X.columns.difference(chosen):
            found = errors(shared, X[[*chosen, column]].iloc[develop], y[develop], (50, 150), repeats=4)
            tried[column] = float(np.mean(list(found.values())))
        chosen.append(min(tried, key=tried.__getitem__))
        held_out = errors(shared, X[chosen].iloc[hold_out], y[hold_out], (50, 100))
        print(f"{tried[chosen[-1]]:.3f}  held out {held_out}  + {chosen[-1]}", flush=True)


def main() -> None:
    """Read the command line and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="CSV with the columns material and exp (default: the shipped table)")
    parser.add_argument("--repeats", type=int, default=10, help="random splits to average over")
    parser.add_argument("--search", action="store_true", help="forward selection instead of the comparison")
    arguments = parser.parse_args()
    if arguments.data:
        table = pd.read_csv(arguments.data, keep_default_na=False, na_values=[""])
        table = table[table["exp"] < 10]
        formulas, y = table["material"], table["exp"].to_numpy()
    else:
        gaps = load_band_gaps()
        formulas, y = gaps.formula, gaps.Y["gap_expt"].to_numpy()
    if arguments.search:
        search(formulas, y)
    else:
        compare(formulas, y, arguments.repeats)


if __name__ == "__main__":
    main()
