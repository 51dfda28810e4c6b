"""Run a suite of benchmarks: ``python -m benchmarks.run SUITE``; see README.md beside this file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from rich.console import Console

from benchmarks import suites
from benchmarks.context import Context, Settings, markdown

RESULTS = Path(__file__).parent / "results"


def names() -> list[str]:
    """The suites there are."""
    return sorted(module.name for module in iter_modules(suites.__path__))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a suite, print its table, and write table and figures where asked."""
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("suite", choices=names())
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for SUITE.md and SUITE.json")
    parser.add_argument("--quick", action="store_true", help="a small version that shows that everything works")
    parser.add_argument("--no-peers", action="store_true", help="this package alone")
    parser.add_argument("--seeds", type=int, default=defaults.seeds, help="data sets of each kind")
    parser.add_argument("--first-seed", type=int, default=defaults.first_seed)
    parser.add_argument("--rounds", type=int, default=defaults.rounds, help="how often each candidate is timed")
    parser.add_argument("--limit", type=float, default=defaults.limit, help="seconds that one fit may take")
    parser.add_argument("--threads", type=int, help="threads of each contestant's process")
    parser.add_argument("--only", action="append", default=[], metavar="CONTESTANT", help="repeat for several")
    parser.add_argument("--problem", action="append", default=[], metavar="WORD", help="in a problem's name")
    parser.add_argument(
        "--python", action="append", default=[], metavar="MODULE=PATH", help="another environment's Python for a module"
    )
    parser.add_argument("--data", type=Path, help="folder of tables that are not part of the package, such as cofs.csv")
    parser.add_argument("--batch", type=int, default=defaults.batch, help="low values that an optimizer buys at once")
    parser.add_argument("--resume", action="store_true", help="keep the figures in the folder, and add what is missing")
    parser.add_argument("--silent", action="store_true", help="write the files and print nothing")
    given = parser.parse_args(arguments)
    settings = Settings(
        quick=given.quick,
        peers=not given.no_peers,
        seeds=given.seeds,
        first_seed=given.first_seed,
        rounds=given.rounds,
        limit=given.limit,
        threads=given.threads,
        only=tuple(given.only),
        problems=tuple(given.problem),
        pythons=dict(pair.split("=", 1) for pair in given.python),
        data=given.data,
        batch=given.batch,
        resume=given.resume,
    )
    context = Context(given.suite, settings, given.out, Console(stderr=True, quiet=given.silent))
    summary = import_module(f"benchmarks.suites.{given.suite}").run(context)
    context.save(summary)
    if not given.silent:
        print(markdown(summary))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
