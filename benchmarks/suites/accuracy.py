"""Error and log density on functions with a known truth, against every peer on the same data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.contest import Outcome
from benchmarks.contestants import AVERAGED, CONTESTANTS, OURS, PEERS, Array
from benchmarks.context import Context
from benchmarks.problems import PUBLISHED, Problem, six_inputs

NOISE = 0.1
SOLVED = 1e-3  # an error below this is as good as none


def problems(quick: bool) -> list[Problem]:
    """The problems, those with few values first."""
    if quick:
        return [Problem(PUBLISHED[0], 12, 4)]
    few = [Problem(function, 60, 5, noise) for noise in (0.0, NOISE) for function in PUBLISHED]
    more = [Problem(function, 200, 40, NOISE) for function in PUBLISHED]
    return [*few, six_inputs(100, NOISE), *more, six_inputs(500, NOISE), six_inputs(1000, NOISE)]


def scores(outcome: Outcome, truth: Array, observed: Array) -> dict[str, float]:
    """Error in deviations of the truth; log densities of the truth and of noisy values; coverage of 90% intervals."""
    if outcome.predicted is None:
        return {}
    mean, std, noise = outcome.predicted.mean, outcome.predicted.std, outcome.predicted.noise
    return {
        "nrmse": float(np.sqrt(np.mean(np.square(mean - truth))) / truth.std()),
        "log_density": float(norm.logpdf(truth, mean, std).mean()),
        "log_density_observed": float(norm.logpdf(observed, mean, np.hypot(std, noise)).mean()),
        "coverage90": float((np.abs(truth - mean) <= norm.ppf(0.95) * std).mean()),
    }


def run(context: Context) -> pd.DataFrame:
    """One line a (problem, contestant): means over the seeds, and how it does against the best peer."""
    return compete(context, problems(context.settings.quick), [name for name in CONTESTANTS if name not in AVERAGED])


def compete(context: Context, problems: Sequence[Problem], names: Sequence[str]) -> pd.DataFrame:
    """The same of any problems and contestants."""
    settings = context.settings
    chosen = [problem for problem in problems if settings.wants_problem(problem.name)]
    names = [name for name in names if settings.wants(name) and (settings.peers or name in OURS)]
    seeds = range(settings.first_seed, settings.first_seed + (2 if settings.quick else settings.seeds))
    late: dict[str, set[str]] = {problem.name: set() for problem in chosen}
    with (
        context.contest(warm=not settings.quick) as contest,
        context.progress(len(chosen) * len(seeds) * len(names)) as step,
    ):
        for problem in chosen:
            x, truth = problem.test()
            for seed in seeds:
                train = problem.draw(seed)
                rng = np.random.default_rng(seed)
                observed = truth + problem.noise * truth.std() * rng.standard_normal(len(truth))
                for name, outcome in contest.in_turn(names, late[problem.name], train, x, context.note):
                    step(f"{problem.name}, seed {seed}: {name}")
                    if outcome is None:
                        continue
                    context.record(
                        problem=problem.name,
                        contestant=name,
                        seed=seed,
                        status=outcome.status,
                        seconds=outcome.fit_seconds,
                        cpu_seconds=outcome.fit_cpu_seconds,
                        **scores(outcome, truth, observed),
                    )
    for problem_name, names_late in late.items():
        for name in sorted(names_late):
            context.note(f"{name} took more than {settings.limit:g} s on {problem_name}: not tried on the other seeds")
    return summarise(context.frame())


def summarise(lines: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds and, for this package's architectures, the verdict against the best peer.

    The best peer is the one with the best mean over the seeds on which it has an answer. An architecture falls short
    where its mean difference to that peer, seed by seed, is larger than the standard deviation of the difference over
    the seeds. Errors are compared on a logarithmic scale, those below SOLVED as SOLVED.
    """
    lines = lines.reindex(columns=list(dict.fromkeys([*lines.columns, "nrmse", "log_density", "coverage90"])))
    lines["log_nrmse"] = np.log(lines["nrmse"].clip(lower=SOLVED))
    table = []
    for problem, here in lines.groupby("problem", sort=False):
        worse = {"error": here.pivot(index="seed", columns="contestant", values="log_nrmse")}
        worse["density"] = -here.pivot(index="seed", columns="contestant", values="log_density")
        for name, own in here.groupby("contestant", sort=False):
            line = {
                "problem": problem,
                "contestant": name,
                "seeds": int(own["nrmse"].notna().sum()),
                "nrmse": float(np.exp(own["log_nrmse"].mean())),
                "log density": own["log_density"].mean(),
                "of a noisy value": own["log_density_observed"].mean() if "log_density_observed" in own else np.nan,
                "coverage of 90%": own["coverage90"].mean(),
                "fit, s": own["seconds"].median(),
                "fit, CPU s": own["cpu_seconds"].median(),
            }
            for what, values in worse.items():
                line[f"{what} against the best peer"] = _verdict(values, str(name)) if name in OURS else ""
            table.append(line)
    return pd.DataFrame(table)


def _verdict(worse: pd.DataFrame, name: str) -> str:
    """How much worse than the best peer, seed by seed, and whether that is beyond the spread over the seeds."""
    failed = int(worse[name].isna().sum())
    if failed:
        return f"FAILED on {failed} of {len(worse)} seeds"
    differences = {peer: (worse[name] - worse[peer]).dropna() for peer in PEERS if peer in worse}
    means = {peer: difference.mean() for peer, difference in differences.items() if len(difference)}
    if not means:
        return ""
    best = max(means, key=means.__getitem__)
    difference, mean = differences[best], means[best]
    on = "" if len(difference) == len(worse) else f" on {len(difference)} of {len(worse)} seeds"
    if mean <= 0.0:
        return f"better by {abs(mean):.2g} than {best}{on}"
    spread = difference.std(ddof=1) if len(difference) > 1 else 0.0
    return f"{'FALLS SHORT' if mean > spread else 'within the spread'}: {mean:.2g} ± {spread:.2g} behind {best}{on}"
