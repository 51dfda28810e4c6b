"""Whole fits at default settings, against the peers on the same data, and of many rows against bare linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.contestants import OURS
from benchmarks.context import Context
from benchmarks.problems import six_inputs
from benchmarks.suites.accuracy import scores
from benchmarks.timing import Candidate, best_of, in_turn

SIZES = (35, 100, 200, 500, 1000)
LARGE = 4000
LARGE_TARGET, LARGE_TARGET_MIB = 40.0, 3 * 1024
BOTORCH = "BoTorch MultiTaskGP"
RECURSIVE = ("SMT MFK", "Emukit linear")
TARGETS = {BOTORCH: {100: 20.0, 200: 20.0, 500: 20.0, 1000: 20.0}, "recursive": {35: 1.0, 500: 10.0, 1000: 10.0}}
FITTED = ("DifferenceGP", "MultiTaskGP", "LatentVariableGP", BOTORCH, *RECURSIVE)


def run(context: Context) -> pd.DataFrame:
    """One line a (n, contestant), then one for each architecture on many rows."""
    context.note("Hartmann's function with noise: two tasks, six inputs, a fifth of the values of the second task.")
    context.note("Fits in turn, each contestant in a warm process of its own; medians over the seeds.")
    settings = context.settings
    sizes = (20,) if settings.quick else SIZES
    seeds = range(settings.first_seed, settings.first_seed + (1 if settings.quick else min(settings.seeds, 3)))
    names = [name for name in FITTED if settings.wants(name) and (settings.peers or name in OURS)]
    late: set[str] = set()
    with (
        context.contest(warm=not settings.quick) as contest,
        context.progress(len(sizes) * len(seeds) * len(names)) as step,
    ):
        for size in sizes:
            problem = six_inputs(size)
            if not settings.wants_problem(f"n={size}"):
                continue
            x, truth = problem.test()
            for seed in seeds:
                train = problem.draw(seed)
                observed = truth + problem.noise * truth.std() * np.random.default_rng(seed).standard_normal(len(truth))
                for name, outcome in contest.in_turn(names, late, train, x, context.note):
                    step(f"n={size}, seed {seed}: {name}")
                    if outcome is None:
                        continue
                    if name in late:
                        context.note(f"{name} took more than {settings.limit:g} s at n={size}: not tried further")
                    context.record(
                        n=size,
                        seed=seed,
                        contestant=name,
                        status=outcome.status,
                        seconds=outcome.fit_seconds,
                        cpu_seconds=outcome.fit_cpu_seconds,
                        **scores(outcome, truth, observed),
                    )
    table = summarise(context.frame())
    large = 60 if settings.quick else LARGE
    if settings.wants_problem(f"n={large}"):
        table = pd.concat([table, _many_rows(context, large)], ignore_index=True)
    return table


def summarise(lines: pd.DataFrame) -> pd.DataFrame:
    """Medians over the seeds, speed against the peers, and the difference in log density of a noisy value to BoTorch's.

    "times faster than" is the median over the seeds of the ratio on the same data.
    """
    table = []
    for size, here in lines.groupby("n", sort=False) if len(lines) else []:
        seconds = here.pivot(index="seed", columns="contestant", values="seconds")
        density = here.pivot(index="seed", columns="contestant", values="log_density_observed")
        recursive = [name for name in RECURSIVE if name in seconds and seconds[name].notna().any()]
        for name in seconds:
            line: dict[str, Any] = {
                "n": size,
                "contestant": name,
                "fit, s": seconds[name].median(),
                "fit, CPU s": here.loc[here["contestant"] == name, "cpu_seconds"].median(),
                "nrmse": here.loc[here["contestant"] == name, "nrmse"].mean(),
                "log density": density[name].mean(),
            }
            if name in OURS and BOTORCH in seconds:
                line["times faster than BoTorch"] = (seconds[BOTORCH] / seconds[name]).median()
                line["target"] = TARGETS[BOTORCH].get(int(size), "")
                line["log density, less BoTorch's"] = (density[name] - density[BOTORCH]).mean()
            if name in OURS and recursive:
                faster = seconds[recursive].min(axis="columns")
                line["times faster than the faster of MFK and Emukit"] = (faster / seconds[name]).median()
                line["its target"] = TARGETS["recursive"].get(int(size), "")
                line["met"] = _met(line)
            table.append(line)
    return pd.DataFrame(table)


def _met(line: dict[str, Any]) -> str:
    """Which of a line's targets are not met; "yes" where all are, the log density at least BoTorch's among them."""
    speed = {
        "BoTorch": (line.get("times faster than BoTorch"), line.get("target")),
        "MFK and Emukit": (line["times faster than the faster of MFK and Emukit"], line["its target"]),
    }
    missed = [name for name, (times, target) in speed.items() if times is not None and target and times < target]
    if line.get("target") and line["log density, less BoTorch's"] < 0.0:
        missed.append("log density")
    return f"NOT {', '.join(missed)}" if missed else "yes" if line.get("target") or line["its target"] else ""


def _many_rows(context: Context, size: int) -> pd.DataFrame:
    """Fits of many rows, each in a fresh process, against cholesky + cholesky_inverse of that many rows."""
    context.note(
        f"n={size}: each architecture in a fresh process, whose peak memory holds torch and all; "
        f"reference: the better of 1 and 2 threads, timed before and after. Targets: {LARGE_TARGET:g} times, "
        f"{LARGE_TARGET_MIB} MiB."
    )
    problem = six_inputs(size)
    train = problem.draw(0)
    x, truth = problem.test()
    table = []
    names = [name for name in FITTED if name in OURS and context.settings.wants(name)]
    for name in names[:1] if context.settings.quick else names:
        before = _reference(size)
        with context.contest(warm=False) as contest:
            outcome = contest.fit(name, train, x)
        reference = (before + _reference(size)) / 2.0
        context.record(n=size, seed=0, contestant=name, reference=reference, **_flat(outcome))
        line = {"n": size, "contestant": name, "fit, s": outcome.fit_seconds, "fit, CPU s": outcome.fit_cpu_seconds}
        line |= {"in Choleskys + inverses": outcome.fit_seconds / reference, "peak, MiB": outcome.peak_mib}
        table.append(line | {"nrmse": scores(outcome, truth, truth).get("nrmse", float("nan"))})
    return pd.DataFrame(table)


def _flat(outcome: Any) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "seconds": outcome.fit_seconds,
        "cpu_seconds": outcome.fit_cpu_seconds,
        "peak_mib": outcome.peak_mib,
    }


def _reference(size: int) -> float:
    """Seconds of one Cholesky factor and one inverse."""
    matrix = torch.full((size, size), 0.5, dtype=torch.float64)
    matrix.diagonal().add_(1.0)
    run = {f"{k}": Candidate(lambda: torch.cholesky_inverse(torch.linalg.cholesky(matrix)), k) for k in (1, 2)}
    seconds = in_turn(run, 2)
    return float(seconds[best_of(seconds, list(run))].median())
