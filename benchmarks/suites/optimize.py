"""Searches for the best with two fidelities: regret against cost, what the low fidelity saves, and seconds spent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch

from benchmarks.context import Context
from benchmarks.optimization_problems import START, Search, searches, small
from benchmarks.optimizers import OPTIMIZERS, OURS, PEERS
from benchmarks.race import race
from benchmarks.regret import Curve, mean_over, saving
from benchmarks.regret_figure import regret_figure

BOTH, ALONE, LOG_EI = "mfgp", "mfgp, high fidelity alone", "BoTorch log EI, high fidelity alone"


def run(context: Context) -> pd.DataFrame:
    """One line a (problem, contestant)."""
    settings = context.settings
    if settings.data is None:
        context.note("COFs are left out: their folder was not given by --data")
    context.note(
        f"Low values may be bought up to {settings.batch} at once, by everyone who buys them. The initial design costs "
        f"{START}. It is as many high values, for {BOTH} with one low one more beside the first, as campaigns begin by "
        f"themselves; for its peers it is {START - 1} and low ones for the rest, as in the study that the problems are "
        "from. Who reaches the end of the money is cut off as soon as it is not enough for a high value. Recommended "
        "is the best posterior mean of a pool's candidates, or of the points of a box that were measured."
    )
    context.note(
        "qMFKG and qMFMES use SingleTaskMultiFidelityGP. On pools everything is computed at all open pairs, qMFKG's "
        "fantasies from one joint posterior, which gives BoTorch's own value and takes a small part of its time. In "
        "boxes qMFKG has 16 fantasies, not its default of 64, for the time. Its gains are weighted by the cost as in "
        "BoTorch's tutorial, by InverseCostWeightedUtility, which divides gains and multiplies losses."
    )
    found = {small().name: lambda seed: small()} if settings.quick else searches(settings.data)
    chosen = {name: make for name, make in found.items() if settings.wants_problem(name)}
    names = [name for name in OPTIMIZERS if settings.wants(name) and (settings.peers or name not in PEERS)]
    seeds = range(settings.first_seed, settings.first_seed + (2 if settings.quick else settings.seeds))
    with one_thread(settings.threads), context.progress(len(chosen) * len(seeds) * len(names)) as step:
        for problem, make in chosen.items():
            for seed in seeds:
                search = make(seed)
                for name in names:
                    step(f"{problem}, seed {seed}: {name}")
                    if not context.has(problem=problem, contestant=name, seed=seed):
                        enter(context, search, name, seed)
    lines = context.frame()
    tell_what_is_missing(context, lines, list(found))
    context.note(f"Runs are of the commits {', '.join(map(str, lines['commit'].unique()))}")
    tell_where_else(context, lines)
    lines = lines[lines["status"] == "ok"]
    if context.out is not None:
        pools = frozenset(name for name in lines["problem"].unique() if name.startswith("COFs"))
        regret_figure(lines, pools).savefig(context.out / f"{context.suite}.png")
    return summarise(context.frame())


def enter(context: Context, search: Search, name: str, seed: int) -> None:
    """Run one race and record it."""
    keys = {"problem": search.name, "contestant": name, "seed": seed, "commit": context.machine["commit"]}
    keys["software"] = f"Python {context.machine['python']}, torch {context.machine['versions']['torch']}"
    try:
        found = race(search, name, seed, context.settings.batch)
    except Exception as error:  # whatever a contestant's library raises is its result
        context.record(**keys, status=f"{type(error).__name__}: {error}", budget=search.budget)
    else:
        context.record(**keys, status="ok", budget=search.budget, **found.to_record())


def tell_what_is_missing(context: Context, lines: pd.DataFrame, problems: Sequence[str]) -> None:
    """Note who was not run, problem by problem."""
    there = set(zip(lines["problem"], lines["contestant"], strict=True))
    for problem in problems:
        missing = [name for name in OPTIMIZERS if (problem, name) not in there]
        if missing:
            context.note(f"Not run on {problem}: {', '.join(missing) if len(missing) < len(OPTIMIZERS) else 'anyone'}")


def tell_where_else(context: Context, lines: pd.DataFrame) -> None:
    """Note the runs of another machine than the most are of, which is known by its software."""
    by_software = lines.groupby("software")
    for software in by_software.size().sort_values().index[:-1]:
        runs = by_software.get_group(software).groupby(["contestant", "problem"])["seed"]
        said = [f"{name} on {problem}, seeds {', '.join(map(str, seeds))}" for (name, problem), seeds in runs]
        context.note(f"Of another machine, with {software}, are: {'; '.join(said)}. Their times are compared with none")


@contextmanager
def one_thread(threads: int | None) -> Iterator[None]:
    """One thread, or those wanted, for everyone."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def summarise(lines: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds, savings, seconds, and how this package does against the best peer.

    Contestants are compared on the seeds that both have. The saving is that of :func:`benchmarks.regret.saving`.
    """
    table = []
    for problem, here in lines.groupby("problem", sort=False):
        runs = here[here["status"] == "ok"].set_index(["contestant", "seed"])
        scores = scores_of(runs)
        for name in [name for name in OPTIMIZERS if name in here["contestant"].unique()]:
            failed = int(((here["contestant"] == name) & (here["status"] != "ok")).sum())
            line: dict[str, object] = {"problem": problem, "contestant": name}
            if name not in runs.index.get_level_values(0):
                table.append(line | {"seeds": 0, "against the best peer": f"FAILED on {failed} seeds"})
                continue
            own, score = runs.loc[name], scores.loc[name]
            line |= {
                "seeds": len(own),
                "mean regret over the budget": score["over"].mean(),
                "regret at the end": score["end"].mean(),
                "standard error": score["end"].sem() if len(own) > 1 else np.nan,
                "inference regret at the end": score["inference"].mean(),
                "saving on BoTorch log EI": _saving(runs, LOG_EI, name),
                "saving on mfgp alone": _saving(runs, ALONE, name),
                "regret over the budget, in that of mfgp alone": _over(runs, scores, ALONE, name),
                "low": own["low"].mean(),
                "high": own["high"].mean(),
                "s": own["seconds"].mean(),
                "CPU s": own["cpu_seconds"].mean(),
                "CPU s, in those of mfgp": _ratio(runs, name),
                "against the best peer": verdict(scores, name) if name in OURS else "",
            }
            if failed:
                line["against the best peer"] = f"FAILED on {failed} seeds; {line['against the best peer']}"
            table.append(line)
    return pd.DataFrame(table)


def scores_of(runs: pd.DataFrame) -> pd.DataFrame:
    """For each run the regret over the budget and at its end, and the inference regret there."""
    return pd.DataFrame(
        {
            "over": [
                mean_over(regret, START, budget) for regret, budget in zip(runs["regret"], runs["budget"], strict=True)
            ],
            "end": [regret[-1][1] for regret in runs["regret"]],
            "inference": [inference[-1][1] for inference in runs["inference"]],
        },
        index=runs.index,
    )


def verdict(scores: pd.DataFrame, name: str) -> str:
    """The mean regret over the budget against that of the best peer, and whether it is beyond two standard errors."""
    table = scores["over"].unstack("contestant")
    differences = {peer: (table[name] - table[peer]).dropna() for peer in PEERS if peer in table}
    differences = {peer: difference for peer, difference in differences.items() if len(difference)}
    if not differences:
        return ""
    best = max(differences, key=lambda peer: differences[peer].mean())
    difference, mean = differences[best], differences[best].mean()
    on = f"{best}, {len(difference)} seeds"
    if len(difference) == 1:
        return f"one seed: {abs(mean):.2g} {'ahead of' if mean <= 0.0 else 'behind'} {best}"
    error = difference.sem()
    if mean <= 0.0:
        return f"{'better' if -mean > 2.0 * error else 'within the spread'}: {-mean:.2g} ± {error:.2g} ahead of {on}"
    return f"{'FALLS SHORT' if mean > 2.0 * error else 'within the spread'}: {mean:.2g} ± {error:.2g} behind {on}"


def _common(runs: pd.DataFrame, *names: str) -> list[pd.DataFrame] | None:
    if not set(names) <= set(runs.index.get_level_values(0)):
        return None
    seeds = sorted(set.intersection(*(set(runs.loc[name].index) for name in names)))
    return [runs.loc[name].loc[seeds] for name in names] if seeds else None


def _saving(runs: pd.DataFrame, single: str, name: str) -> float:
    both = None if name == single else _common(runs, single, name)
    if both is None:
        return float("nan")
    return saving(*(Curve.of(each["regret"].tolist()) for each in both))


def _over(runs: pd.DataFrame, scores: pd.DataFrame, single: str, name: str) -> float:
    if name == single or _common(runs, single, name) is None:
        return float("nan")
    seeds = runs.loc[single].index.intersection(runs.loc[name].index)
    return float(scores.loc[name].loc[seeds, "over"].mean() / scores.loc[single].loc[seeds, "over"].mean())


def _ratio(runs: pd.DataFrame, name: str) -> float:
    both = _common(runs, BOTH, name)
    if both is None:
        return float("nan")
    ratio = both[1]["cpu_seconds"] / both[0]["cpu_seconds"]
    return float(ratio[both[1]["software"] == both[0]["software"]].median())
