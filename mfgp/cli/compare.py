"""``mfgp compare``: every architecture against the baseline, by cross-validation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mfgp.cli import options
from mfgp.cli.architecture import Architecture
from mfgp.cli.console import aside, complaining, out, progress
from mfgp.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from mfgp.cli.table import Columns

SHIPPED_TASKS = "gap_mp,gap_expt"


class Dataset(StrEnum):
    """What is shipped."""

    GAPS = "gaps"
    COLOR = "color"


@complaining
def compare(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="CSV file, one row an object; the shipped band gaps by default."),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="LOW,…,HIGH", help=f"Task columns, the one to predict last; of the band gaps, {SHIPPED_TASKS}."
        ),
    ] = None,
    dataset: Annotated[
        Dataset, typer.Option(help="Shipped data where there is no FILE: measured gaps, or the colors of compounds.")
    ] = Dataset.GAPS,
    inputs: options.Inputs = None,
    formula: options.Formula = None,
    noise: options.Noise = None,
    sources: options.Sources = None,
    folds: Annotated[int, typer.Option(help="Parts that are held out in turn.")] = 5,
    experiments: Annotated[
        str, typer.Option(metavar="N,…", help="Also learn from only so many values of the last task.")
    ] = "100,50",
    repeats: Annotated[int, typer.Option(help="Times that the folds are made anew, for --dataset color.")] = 1,
    unit: Annotated[str, typer.Option(help="Of the last task, for labels.")] = "",
    folder: options.Out = Path("mfgp-compare"),
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one a core.")] = -1,
    random_state: Annotated[int, typer.Option(help="Seed of the folds and of the values drawn.")] = 0,
    quiet: options.Quiet = False,
) -> None:
    """Compare every way of sharing between tasks with IndependentGP, the baseline, on the same folds.

    The last task is predicted at held-out rows, with the other tasks unknown there and with their values known, from
    all of its values and from a few. Prints a table of scores, mean and standard deviation over the folds. The folder
    gets results.csv (the table in full), predictions.csv (every prediction) and parity.png.

    With --dataset color, the color of compounds is predicted with their gap known, unknown and left out, by the
    architectures and by scikit-learn's classifiers; only --repeats, --random-state, --out, --jobs and --quiet count.
    """
    from mfgp.cli.report import render, results, situations_of
    from mfgp.cli.table import prepare_folder
    from mfgp.plotting import parity
    from mfgp.validation import compare as run

    notes = aside(quiet)
    if jobs == 0:
        raise ParameterError("--jobs 0 is no number of processes; write 1 or more, or -1 for one a core")
    if dataset is Dataset.COLOR:
        _compare_colors(file, repeats, random_state, jobs, folder, notes)
        return
    frame, columns = _read(file, tasks, inputs, formula, noise, notes)
    target = columns.tasks[-1]
    if len(columns.tasks) < 2:
        raise ParameterError(f"--tasks has {target!r} alone, and nothing to learn it from; name another task before it")
    X, Y = columns.X(frame), columns.Y(frame)
    estimators = {}
    for architecture in Architecture:
        estimator = architecture.build(sources if architecture.has_sources else None)
        estimators[type(estimator).__name__] = estimator
    situations, left_out = situations_of(Y, folds, _sizes(experiments))
    prepare_folder(folder)
    for size, available in left_out.items():
        notes.print(f"--experiments {size} is left out: there are {available} values of {target} to learn from")
    with progress(f"fitting {len(estimators)} architectures", quiet) as told:
        comparison = run(
            estimators,
            X,
            Y,
            task=target,
            situations=situations,
            baseline="IndependentGP",
            noise=columns.known_noise(frame),
            cv=folds,
            random_state=random_state,
            n_jobs=jobs,
            progress=told,
        )
    unit = unit or ("eV" if file is None else "")
    results(comparison).to_csv(folder / "results.csv", index=False)
    comparison.predictions().to_csv(folder / "predictions.csv", index=False)
    shown = [name for name in situations if situations[name].given or situations[name].values is None]
    parity(comparison, situations=shown, unit=unit).savefig(folder / "parity.png")
    out().print(render(comparison, unit))
    notes.print(f"results.csv, predictions.csv and parity.png written to {folder}")


def _compare_colors(
    file: Path | None, repeats: int, random_state: int, jobs: int, folder: Path, notes: Console
) -> None:
    from mfgp.cli.color import color_study
    from mfgp.cli.console import as_rich
    from mfgp.cli.table import prepare_folder

    if file is not None:
        raise ParameterError(f"--dataset color is shipped, but {file} is given too; leave one of them out")
    if repeats < 1:
        raise ParameterError(f"--repeats {repeats} is no number of times; write 1 or more")
    prepare_folder(folder)
    with notes.status("fitting"):
        validation = color_study(repeats, random_state=random_state, n_jobs=jobs)
    summary = validation.summary()
    summary.to_csv(folder / "results.csv")
    validation.predictions.to_csv(folder / "predictions.csv", index=False)
    out().print(as_rich(summary, f"color in four classes, {repeats} times 5 stratified folds"))
    notes.print(f"results.csv and predictions.csv written to {folder}")


def _read(
    file: Path | None,
    tasks: str | None,
    inputs: str | None,
    formula: str | None,
    noise: list[str] | None,
    notes: Console,
) -> tuple[pd.DataFrame, Columns]:
    from mfgp.cli.table import Columns, open_table

    if file is not None:
        if tasks is None:
            raise ParameterError(
                "--tasks is missing; write --tasks low,high with columns of FILE, the one to predict last"
            )
        return open_table(file, tasks, inputs, formula, noise, notes)
    from mfgp.datasets import load_band_gaps

    gaps = load_band_gaps()
    features = ",".join(gaps.X.columns) if inputs is None and formula is None else inputs
    return gaps.frame, Columns.choose(gaps.frame, tasks or SHIPPED_TASKS, features, formula, noise)


def _sizes(text: str) -> list[int]:
    """Numbers of values, the larger first."""
    names = options.split(text, "--experiments") if text else []
    if not all(name.isdecimal() and int(name) for name in names):
        raise ParameterError(f"--experiments {text!r} are no numbers of values; write whole numbers, such as 100,50")
    return sorted({int(name) for name in names}, reverse=True)
