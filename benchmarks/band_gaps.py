"""Measured band gaps of 461 solids from computed ones, few experiments to learn from.

    python -m benchmarks.band_gaps --data PATH [--out FILE.csv]

PATH is a folder with `borlido2019_472_solids_15xc_plus_expt.csv`: 15 exchange-correlation functionals and experiment,
paired (Borlido et al., J. Chem. Theory Comput. 15, 5069 (2019)). Gaps below 10 eV are used. Two chains are compared
with the baseline on five folds: PBE -> experiment, and PBE -> HSE06 -> experiment. Each fold learns from all computed
gaps of the rows that are not held out and from 50 or 200 experiments among them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.materials import featurize
from mfgp.validation import Situation, compare

TABLE = "borlido2019_472_solids_15xc_plus_expt.csv"
CHAINS = {"PBE -> experiment": ["PBE", "exp"], "PBE -> HSE06 -> experiment": ["PBE", "HSE06", "exp"]}
EXPERIMENTS = (50, 200)


def run(folder: Path, jobs: int) -> pd.DataFrame:
    """One line a (chain, situation, estimator): scores, and the improvement on the baseline's error."""
    table = pd.read_csv(folder / TABLE, keep_default_na=False, na_values=[""])
    table = table[table["exp"] < 10.0].reset_index(drop=True)
    X = featurize(table["material"]).reset_index(drop=True)
    estimators = {
        type(model).__name__: model for model in (MultiTaskGP(), DifferenceGP(), LatentVariableGP(), IndependentGP())
    }
    lines = {}
    for chain, tasks in CHAINS.items():
        situations = {}
        for count in EXPERIMENTS:
            situations[f"computed unknown, {count} values"] = Situation(values=count)
            situations[f"computed known, {count} values"] = Situation(given=tuple(tasks[:-1]), values=count)
        comparison = compare(estimators, X, table[tasks], task="exp", situations=situations, n_jobs=jobs)
        summary = comparison.summary().xs("mean", axis=1, level=1)
        baseline = summary["mae"].xs("IndependentGP", level="estimator")
        relative = summary["mae"] / baseline.reindex(summary.index.get_level_values("situation")).to_numpy()
        lines[chain] = summary.assign(improvement=1.0 - relative)
    return pd.concat(lines, names=["chain"])


def main() -> None:
    """Parse the arguments, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the table")
    parser.add_argument("--out", type=Path, help="CSV file to write the table to")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 for one a core")
    arguments = parser.parse_args()
    results = run(arguments.data, arguments.jobs)
    print(results.round(3).to_string())
    if arguments.out:
        results.to_csv(arguments.out)


if __name__ == "__main__":
    main()
