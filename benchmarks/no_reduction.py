"""Activation energies of NO reduction on metal surfaces: who wins on which task, and how much cancels in a difference.

    python -m benchmarks.no_reduction --data PATH [--seeds 20] [--jobs -1] [--out FILE.csv] [--figure FILE.png]

PATH is a folder with `falsig_NO_N2_O2_wide.csv`: dissociation of N2(g), NO(g) and adsorbed NO* on five facets of ten
metals, in eV (Falsig et al., Top. Catal. 57, 80 (2014), through CatApp). The 46 surfaces with both NO energies are
used. Of the scarce tasks 15 to 20 values are learned from, the same surfaces for both where both are scarce; the
complete tasks are known everywhere. Random splits predict all other surfaces. Leave-one-metal-out splits predict the
surfaces of one metal, in turn, none of whose scarce values is learned from.

Ea(NO*) - Ea(NO(g)) is the desorption energy of NO, exactly. Its error, deviation and 90% interval are taken from the
joint distribution, and as if the two tasks were independent. Predictions are of tabulated values: noise is added.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.linear_model import LinearRegression
from sklearn.utils.parallel import Parallel, delayed

from mfgp import CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP, task
from mfgp.architectures.regressor import Regressor
from mfgp.materials import featurize

TABLE = "falsig_NO_N2_O2_wide.csv"
COLUMNS = {"N2": "Ea N2(g)->2N*", "NO(g)": "Ea NO(g)->N*+O*", "NO*": "Ea NO*->N*+O*"}
DESORPTION = "dE NO*->NO(g)+*"
SCARCE = {"both scarce": ["NO(g)", "NO*"], "NO* scarce": ["NO*"]}
FEWEST, MOST = 15, 20
REACH = norm.ppf(0.95)
MODELS: dict[str, Callable[[], Regressor]] = {
    "CascadeGP": CascadeGP,
    "DifferenceGP": DifferenceGP,
    "MultiTaskGP": MultiTaskGP,
    "LatentVariableGP": LatentVariableGP,
    "IndependentGP": IndependentGP,
}
AVERAGED: dict[str, Callable[[], Regressor]] = {
    "LatentVariableGP, auto": partial(LatentVariableGP, hyperparameters="auto"),
    "MultiTaskGP, auto": partial(MultiTaskGP, hyperparameters="auto"),
}


def load(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Metals and facets, activation energies, and desorption energies of the 46 surfaces."""
    table = pd.read_csv(folder / TABLE, dtype={"facet": str}, keep_default_na=False, na_values=[""])
    table = table.dropna(subset=[COLUMNS["NO(g)"], COLUMNS["NO*"]]).reset_index(drop=True)
    Y = table[list(COLUMNS.values())].set_axis(list(COLUMNS), axis=1)
    desorption = table[DESORPTION]
    assert np.allclose(Y["NO*"] - Y["NO(g)"], desorption)
    return table[["metal"]].assign(facet="(" + table["facet"] + ")"), Y, desorption


def inputs(surfaces: pd.DataFrame, categories: bool) -> pd.DataFrame:
    """Metal and facet as categories, or the metal's element features beside a column for each facet."""
    if categories:
        return surfaces
    features = featurize(surfaces["metal"]).reset_index(drop=True)
    features = features.loc[:, features.nunique() > 1].T.drop_duplicates().T
    return features.join(pd.get_dummies(surfaces["facet"], dtype=float))


def split(surfaces: pd.DataFrame, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Surfaces whose scarce values are learned from, and those that are predicted."""
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(surfaces))
    count = int(generator.integers(FEWEST, MOST + 1))
    if kind == "random":
        return rows[:count], rows[count:]
    metals = [metal for metal, group in surfaces.groupby("metal") if len(group) > 1]
    left_out = (surfaces["metal"] == metals[seed % len(metals)]).to_numpy()
    return rows[~left_out[rows]][:count], np.flatnonzero(left_out)


def scores(prefix: str, truth: np.ndarray, mean: np.ndarray, std: np.ndarray, bounds: np.ndarray) -> dict[str, float]:
    """Error, log density of the normal with these moments, coverage of an interval (n, 2), and deviation."""
    inside = (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
    return {
        f"{prefix}: error": np.abs(mean - truth).mean(),
        f"{prefix}: log density": norm.logpdf(truth, mean, std).mean(),
        f"{prefix}: coverage": inside.mean(),
        f"{prefix}: deviation": std.mean(),
    }


def line(
    model: str, surfaces: pd.DataFrame, Y: pd.DataFrame, kind: str, scarce: str, seed: int, categories: bool
) -> dict[str, object]:
    """One fit, and what it says of the surfaces that are predicted."""
    warnings.filterwarnings("ignore", module="mfgp.*")
    learned, predicted = split(surfaces, kind, seed)
    known = Y.copy()
    known.loc[~known.index.isin(learned), SCARCE[scarce]] = np.nan
    X = inputs(surfaces, categories)
    found: dict[str, object] = {"split": kind, "scarce": scarce, "model": model, "seed": seed, "learned": len(learned)}
    truth = Y.iloc[predicted]
    difference = (truth["NO*"] - truth["NO(g)"]).to_numpy()
    if model == "straight line":
        return found | straight_line(known, truth, SCARCE[scarce], difference)
    p = (MODELS | AVERAGED)[model]().fit(X, known).predict_distribution(X.iloc[predicted], observed=True)
    interval = p.interval(0.9)
    for name in SCARCE[scarce]:
        found |= scores(name, truth[name].to_numpy(), p.mean[name], p.std[name], interval[name].to_numpy())
    energy = p.of(task("NO*") - task("NO(g)"))
    mean, std = energy.mean.to_numpy(), energy.std.to_numpy()
    found |= scores("difference", difference, mean, std, energy.interval(0.9).to_numpy())
    apart = np.hypot(p.std["NO*"], p.std["NO(g)"]).to_numpy()
    bounds = np.column_stack([mean - REACH * apart, mean + REACH * apart])
    return found | scores("as if independent", difference, mean, apart, bounds)


def straight_line(
    known: pd.DataFrame, truth: pd.DataFrame, scarce: list[str], difference: np.ndarray
) -> dict[str, float]:
    """Errors of the scarce tasks as straight lines over the complete one before them: a scaling relation."""
    complete = "NO(g)" if scarce == ["NO*"] else "N2"
    means, found = truth.copy(), {}
    usable = truth[complete].notna()
    for name in scarce:
        seen = known[[complete, name]].dropna()
        means.loc[usable, name] = (
            LinearRegression().fit(seen[[complete]], seen[name]).predict(truth.loc[usable, [complete]])
        )
        found[f"{name}: error"] = (means[name] - truth[name])[usable].abs().mean()
    found["difference: error"] = np.abs(means["NO*"] - means["NO(g)"] - difference)[usable].mean()
    return found


def run(folder: Path, seeds: range, jobs: int) -> pd.DataFrame:
    """Every line: element features in both kinds of splits, categories in the random ones.

    Averages over the hyperparameters are tried where both tasks are scarce.
    """
    surfaces, Y, _ = load(folder)
    features = [
        delayed(line)(model, surfaces, Y, kind, scarce, seed, False)
        for kind in ("random", "one metal left out")
        for scarce in SCARCE
        for model in (*MODELS, "straight line")
        for seed in seeds
    ]
    categories = [
        delayed(line)(model, surfaces, Y, "random", scarce, seed, True)
        for scarce in SCARCE
        for model in MODELS
        for seed in seeds
    ]
    averaged = [
        delayed(line)(model, surfaces, Y, kind, "both scarce", seed, False)
        for kind in ("random", "one metal left out")
        for model in AVERAGED
        for seed in seeds
    ]
    found = pd.DataFrame(Parallel(n_jobs=jobs)([*features, *averaged, *categories]))
    of_features = len(features) + len(averaged)
    found.insert(0, "inputs", ["features"] * of_features + ["categories"] * len(categories))
    return found


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Means over the splits, and how far the standard error of the first error reaches."""
    keys = ["inputs", "split", "scarce", "model"]
    groups = lines.drop(columns=["seed"]).groupby(keys, sort=False)
    table = groups.mean()
    table.insert(0, "difference: standard error", groups["difference: error"].sem())
    return table


def show(table: pd.DataFrame) -> None:
    """Print the table in three parts: tasks, the difference jointly, and as if independent."""
    parts = {
        "errors and coverage of the tasks": ["NO(g)", "NO*"],
        "the difference": ["difference", "as if independent"],
    }
    for name, prefixes in parts.items():
        columns = [column for column in table if column.partition(":")[0] in prefixes]
        print(f"{name}, eV\n{table[columns].round(3).to_string()}\n")


def draw(table: pd.DataFrame, file: Path) -> None:
    """Errors of tasks and difference, and the difference's deviation jointly and as if independent."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 6.6), sharex="col", layout="constrained")
    colors = dict(zip([*MODELS, "straight line"], ["C3", "C0", "C1", "C2", "0.45", "0.75"], strict=True))
    for (left, right), kind in zip(axes, ("random", "one metal left out"), strict=True):
        part = table.loc["features"].loc[kind].loc["both scarce"]
        for place, (model, row) in enumerate(part[~part.index.isin(AVERAGED)].iterrows()):
            at = np.arange(3) + 0.13 * (place - 2.5)
            errors = [row["NO(g): error"], row["NO*: error"], row["difference: error"]]
            left.bar(at, errors, 0.12, color=colors[model], label=model)
            if model in MODELS:
                pair = [row["difference: deviation"], row["as if independent: deviation"]]
                right.plot(pair, [place, place], color=colors[model], lw=2)
                right.plot(*([value] for value in (pair[0], place)), "o", color=colors[model], ms=8)
                right.plot(*([value] for value in (pair[1], place)), "o", mfc="white", color=colors[model], ms=8)
                text = f"{row['difference: coverage']:.0%}, {row['as if independent: coverage']:.0%}"
                right.annotate(text, (max(pair), place), (12, 0), textcoords="offset points", va="center", fontsize=9)
        left.set(ylabel="mean absolute error, eV", title=f"{kind}: errors")
        left.set_xticks(range(3), ["Ea NO(g)", "Ea NO*", "difference"])
        right.set_yticks(range(len(MODELS)), list(MODELS))
        right.invert_yaxis()
        right.set(
            title="deviation of the difference: joint ●, as if independent ○\n90% intervals hold (joint, independent)"
        )
        right.title.set_fontsize(9)
        right.margins(y=0.12)
        right.set_xlim(0.0, 1.3 * part["as if independent: deviation"].max())
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=8)
    axes[1, 1].set_xlabel("eV")
    figure.savefig(file, dpi=90)


def main() -> None:
    """Parse the arguments, print the tables, and write lines and figure where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the table")
    parser.add_argument("--seeds", type=int, default=20, help="how many splits of each kind")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 for one a core")
    parser.add_argument("--out", type=Path, help="CSV file to write every line to")
    parser.add_argument("--figure", type=Path, help="PNG file to draw")
    arguments = parser.parse_args()
    lines = run(arguments.data, range(arguments.seeds), arguments.jobs)
    table = summary(lines)
    show(table)
    if arguments.out:
        lines.to_csv(arguments.out, index=False)
    if arguments.figure:
        draw(table, arguments.figure)


if __name__ == "__main__":
    main()
