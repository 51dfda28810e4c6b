"""Whether a screening by probability finds more than the computed gap alone, and whether its probabilities are right.

    python -m benchmarks.screening_enrichment [--seeds 20] [--first 0] [--jobs 1] [--out FILE.csv]

Of the shipped compounds with a gap from Materials Project, 100 are drawn, whose measured gaps are learned from. The
others are the pool, with their computed gap. Wanted are compounds with a measured gap between 1.1 and 1.7 eV. Counted
are hits among the first 20 of the pool

    by chance            in the mean
    computed gap         nearest to the middle of the window
    corrected gap        the same, after a straight line fitted to the 100
    IndependentGP        by the probability of the window, from the composition alone
    DifferenceGP         by the same, with the computed gap given
    MultiTaskGP          likewise
    ... three given      likewise, with the computed gaps of AFLOW and OQMD as well, where there are any
    ... all learned      likewise, having learned from the computed gaps of the pool too, none being given

But for the last, the architectures that share learn from the compounds that IndependentGP learns from.
Probabilities are those of a measurement, noise and all. Reliability: probabilities of all seeds in five bins, against
how often the gap was inside.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils.parallel import Parallel, delayed

from mfgp import DifferenceGP, IndependentGP, MultiTaskGP, screen
from mfgp.datasets import load_band_gaps

COMPUTED, OTHERS, MEASURED = "gap_mp", ["gap_aflow", "gap_oqmd"], "gap_expt"
LOW, HIGH = 1.1, 1.7
WINDOW = f"{LOW} < {MEASURED} < {HIGH}"
LEARNED, FIRST = 100, 20
EDGES = np.array([0.0, 0.1, 0.2, 0.35, 0.5, 1.0])


def run_one(seed: int) -> tuple[list[dict[str, object]], pd.DataFrame]:
    """Hits of each way to rank, and every probability with what came true, of one seed."""
    gaps = load_band_gaps()
    kept = gaps.Y[[COMPUTED, MEASURED]].notna().all(axis=1)
    X, Y = gaps.X[kept].reset_index(drop=True), gaps.Y[kept].reset_index(drop=True)
    known = np.sort(np.random.default_rng(seed).permutation(len(Y))[:LEARNED])
    rest = np.setdiff1d(np.arange(len(Y)), known)
    pool = X.join(Y.drop(columns=MEASURED)).iloc[rest].reset_index(drop=True)
    hit = Y[MEASURED].iloc[rest].between(LOW, HIGH, inclusive="neither").to_numpy()
    middle = 0.5 * (LOW + HIGH)
    line = np.polyfit(Y[COMPUTED].iloc[known], Y[MEASURED].iloc[known], 1)
    orders = {
        "computed gap": np.argsort(np.abs(pool[COMPUTED] - middle), kind="stable")[:FIRST],
        "corrected gap": np.argsort(np.abs(np.polyval(line, pool[COMPUTED]) - middle), kind="stable")[:FIRST],
    }
    said = []
    hidden = Y[[COMPUTED, MEASURED]].copy()
    hidden.loc[rest, MEASURED] = np.nan
    ways = {
        "IndependentGP": (IndependentGP(), Y[[MEASURED]].iloc[known], None),
        "DifferenceGP": (DifferenceGP(), Y[[COMPUTED, MEASURED]].iloc[known], [COMPUTED]),
        "MultiTaskGP": (MultiTaskGP(), Y[[COMPUTED, MEASURED]].iloc[known], [COMPUTED]),
        "DifferenceGP, three given": (DifferenceGP(), Y.iloc[known], [COMPUTED, *OTHERS]),
        "DifferenceGP, all learned": (DifferenceGP(), hidden, None),
    }
    for name, (model, learned, given) in ways.items():
        model.fit(X.loc[learned.index], learned)
        best = screen(model, pool, where=WINDOW, given=given, top=len(pool), observed=True).best
        orders[name] = best["row"].to_numpy()[:FIRST]
        table = {"estimator": name, "seed": seed, "probability": best["probability"], "hit": hit[best["row"]]}
        said.append(pd.DataFrame(table))
    lines: list[dict[str, object]] = [{"seed": seed, "way": "by chance", "hits": FIRST * hit.mean()}]
    lines += [{"seed": seed, "way": way, "hits": int(hit[order].sum())} for way, order in orders.items()]
    return lines, pd.concat(said)


def hits(found: pd.DataFrame) -> pd.DataFrame:
    """One line a way: mean hits, and mean differences from two of the others with their standard errors."""
    table = found.pivot(index="seed", columns="way", values="hits").astype(float)
    columns = {"hits": table.mean()}
    for other in ("computed gap", "IndependentGP"):
        gain = table.sub(table[other], axis=0)
        columns |= {f"less {other}": gain.mean(), f"se, {other}": gain.sem()}
    return pd.DataFrame(columns).sort_values("hits")


def reliability(said: pd.DataFrame) -> pd.DataFrame:
    """One line an (estimator, bin): rows, mean probability and frequency."""
    bins = pd.cut(said["probability"], EDGES, include_lowest=True)
    grouped = said.groupby(["estimator", bins], observed=True)
    found = grouped.agg(rows=("hit", "size"), probability=("probability", "mean"), frequency=("hit", "mean"))
    return found.assign(difference=found["frequency"] - found["probability"])


def main() -> None:
    """Parse the arguments, print the tables, and write the lines where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes; -1 for one a core")
    parser.add_argument("--out", type=Path, help="CSV file to write every seed's line to")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    parts = Parallel(n_jobs=arguments.jobs)(delayed(run_one)(seed) for seed in seeds)
    found = pd.DataFrame([line for lines, _ in parts for line in lines])
    if arguments.out:
        found.to_csv(arguments.out, index=False)
    print(hits(found).round(2).to_string())
    print(reliability(pd.concat([said for _, said in parts])).round(3).to_string())


if __name__ == "__main__":
    main()
