"""Run thousands of random small problems, one after the other, and look whether every fit ends well.

    python -m benchmarks.soak [--problems 2000] [--seed 0] [--first 0] [--out FOLDER]

A problem ends well if it is refused before the fit by an error that says why. Or if the means, deviations, intervals
and covariances of rows learned from, near and far, with other tasks given and observed, are finite, no variance is
negative, no mean of a row learned from is further from the values of its task than ten times their width, and the fit
takes at most 30 seconds of one core. Each problem is a line of ``soak.jsonl`` with its number, which with the seed
gives it again (``benchmarks.soak_problems.draw_problem``); numbers that have a line are not run again. ``soak.md``
counts them.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from benchmarks import machine
from benchmarks.context import markdown
from benchmarks.soak_problems import SoakProblem, draw_problem
from mfgp.errors import MfgpError, NumericsError

RESULTS = Path(__file__).parent / "results"
SLOWEST = 30.0
WILD = 10.0
ROUNDING = 1e-9  # of a value, a width below which values count as equal


def run_problem(problem: SoakProblem) -> dict[str, Any]:
    """How a problem ended: CPU seconds of the fit, the message of a refusal, and what is wrong, None if nothing is."""
    found: dict[str, Any] = {"refused": None, "wrong": None, "fit": "", "warnings": []}
    began = time.process_time()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                model = problem.estimator().fit(problem.X, problem.Y, noise=problem.noise)
            finally:
                found["seconds"] = time.process_time() - began
            found["fit"] = model.fit_report_.status
            found["wrong"] = _wrong(model, problem)
        found["warnings"] = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    except MfgpError as error:
        kind = "wrong" if isinstance(error, NumericsError) or found["fit"] else "refused"
        found[kind] = f"{type(error).__name__}: {error}"
    except Exception as error:  # what is not ours is what is looked for
        found["wrong"] = f"{type(error).__name__}: {error}"
    if found["wrong"] is None and found["seconds"] > SLOWEST:
        found["wrong"] = f"fit took more than {SLOWEST:g} CPU seconds"
    return found


def _wrong(model: Any, problem: SoakProblem) -> str | None:
    given = problem.Y.iloc[:, :1]
    for name, prediction in (
        ("learned from", model.predict_distribution(problem.X)),
        ("new", model.predict_distribution(problem.new)),
        ("given", model.predict_distribution(problem.X, given=given)),
        ("observed", model.predict_distribution(problem.new, observed=True)),
    ):
        covariance = prediction.covariance
        for what, values in (
            ("mean", prediction.mean.to_numpy()),
            ("deviation", prediction.std.to_numpy()),
            ("interval", prediction.interval(0.9).to_numpy()),
            ("covariance", covariance),
        ):
            if not np.isfinite(values).all():
                return f"{name}: {what} not finite"
        if (np.diagonal(covariance, axis1=1, axis2=2) < 0.0).any():
            return f"{name}: negative variance"
    low, high = problem.Y.min(), problem.Y.max()
    width = (high - low).where(high - low > ROUNDING * high.abs())  # equal values have no width of their own
    away = ((model.predict(problem.X) - (low + high) / 2.0).abs() / width).where(problem.Y.notna())
    return "mean far from the values" if bool((away > WILD).any(axis=None)) else None


def summarise(lines: pd.DataFrame) -> pd.DataFrame:
    """One line an architecture."""
    rows = []
    for name, own in [*lines.groupby("architecture"), ("all", lines)]:
        rows.append(
            {
                "architecture": name,
                "problems": len(own),
                "refused": int(own["refused"].notna().sum()),
                "wrong": int(own["wrong"].notna().sum()),
                "median CPU s": own["seconds"].median(),
                "slowest CPU s": own["seconds"].max(),
            }
        )
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, and write the table; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first problem")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for soak.jsonl and soak.md")
    parser.add_argument("--silent", action="store_true")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "soak.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(line["seed"], line["number"]) for line in lines}
    console = Console(stderr=True, quiet=given.silent)
    with path.open("a") as file:
        for number in track(range(given.first, given.first + given.problems), "soak:", console=console):
            if (given.seed, number) in done:
                continue
            problem = draw_problem(given.seed, number)
            about = {"architecture": problem.architecture, "kernel": problem.kernel, "traits": problem.traits}
            line = {"seed": given.seed, "number": number, **about, **run_problem(problem)}
            lines.append(line)
            file.write(json.dumps(line) + "\n")
            file.flush()
            if line["wrong"]:
                console.print(f"{number} {problem.architecture}: {line['wrong']}")
    frame = pd.DataFrame(lines)
    (given.out / "soak.md").write_text(_page(frame))
    if not given.silent:
        print(markdown(summarise(frame)))
    return int(frame["wrong"].notna().any())


def _page(lines: pd.DataFrame) -> str:
    found = machine.describe()
    wrong = lines[lines["wrong"].notna()]
    listed = [
        f"- seed {line.seed}, number {line.number}, {line.architecture}: {line.wrong}" for line in wrong.itertuples()
    ]
    head = f"{found['cpu']}, {found['cores']} cores, one process. Commit {found['commit']}."
    return "\n".join(["# soak", "", head, "", markdown(summarise(lines)), "", *listed, ""]).rstrip("\n") + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
