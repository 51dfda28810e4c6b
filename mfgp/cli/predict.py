"""``mfgp predict``: predict a file, by a saved model or one that is learned from another file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mfgp.cli import options
from mfgp.cli.architecture import Architecture
from mfgp.cli.console import aside, complaining
from mfgp.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from mfgp.cli.table import Columns


@complaining
def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[TRAIN] NEW",
            help="CSV file to learn from, which --model takes the place of, and CSV file to predict.",
            show_default=False,
        ),
    ],
    saved: Annotated[
        Path | None, typer.Option("--model", metavar="MODEL", help="File of a model, such as model.mfgp of mfgp fit.")
    ] = None,
    tasks: Annotated[
        str | None, typer.Option(metavar="LOW,…,HIGH", help="Task columns of TRAIN, empty where not measured.")
    ] = None,
    inputs: options.Inputs = None,
    formula: options.Formula = None,
    noise: options.Noise = None,
    architecture: Annotated[
        Architecture | None, typer.Option(help="How tasks share information; difference by default.")
    ] = None,
    sources: options.Sources = None,
    given: Annotated[
        bool, typer.Option("--given/--no-given", help="Use the values of tasks that NEW has, each at its own row.")
    ] = False,
    observed: Annotated[
        bool, typer.Option("--observed", help="Predict what a measurement would show: with its noise.")
    ] = False,
    functions: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            metavar="[NAME=]EXPRESSION",
            help="Function of the tasks to predict as well, such as 'shift = high - low', '1 < low < 2' or, of a task "
            "that is a label, \"color == 'red'\"; for each.",
        ),
    ] = None,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the predictions go.")] = Path(
        "predictions.csv"
    ),
    quiet: options.Quiet = False,
) -> None:
    """Predict every task at the rows of NEW, and write mean, deviation and 90% interval.

    What predicts is a MODEL that was saved, which knows its tasks and inputs, or one that is learned from TRAIN, as
    --tasks, --inputs, --architecture and --sources say. --formula and --noise name columns of both files; composition
    features of a MODEL are columns of NEW, or else made from its column 'formula', if --formula names no other.

    The file has the columns of NEW, then four columns a task, then those of each --of: mean, deviation and interval of
    a quantity or the probability of a condition, the standard error of that, and the share of draws outside its domain.
    A task that is text, or True and False, is a label: it has its most probable class, and each class's probability.
    """
    import pandas as pd

    from mfgp.cli.functions import columns_of, read_functions, table_of
    from mfgp.cli.saved import open_model
    from mfgp.cli.table import FORMULA, Columns, open_table, prepare_file, read_table
    from mfgp.screening.predictor import input_table

    notes = aside(quiet)
    if saved is None:
        train, new, tasks = _two_files(files, tasks)
        estimator = (architecture or Architecture.DIFFERENCE).build(sources)
        frame, columns = open_table(train, tasks, inputs, formula, noise, notes)
        target = read_table(new, formula)
    else:
        learned = {"--tasks": tasks, "--inputs": inputs, "--architecture": architecture, "--sources": sources}
        new = _one_file(files, [option for option, value in learned.items() if value])
        if noise and not given:
            raise ParameterError(
                "--noise is that of given values where there is a --model; write --given, or leave it out"
            )
        estimator = open_model(saved)
        target = read_table(new, FORMULA if formula is None else formula)
        columns = Columns.of_model(estimator, formula, noise, target.columns)
    X = columns.X(target)
    known = _known(columns, target) if given else {}
    wanted = read_functions(functions or [], columns.tasks, columns.labels)
    _require_no_predictions([*_columns_of(columns), *columns_of(wanted)], target)
    prepare_file(file)
    if saved is None:
        with notes.status("fitting"):
            estimator.fit(columns.X(frame), columns.Y(frame), noise=columns.known_noise(frame))
    rows = input_table(X, estimator._inputs.columns, estimator._inputs.named)
    prediction = estimator.predict_distribution(rows, observed=observed, **known)
    tables = [target, prediction.to_frame(), table_of(wanted, prediction, notes)]
    pd.concat(tables, axis="columns").to_csv(file, index=False)
    notes.print(f"{len(target)} rows written to {file}")


def _two_files(files: list[Path], tasks: str | None) -> tuple[Path, Path, str]:
    """The file that is learned from, the one that is predicted, and the tasks."""
    if len(files) != 2 or tasks is None:
        came = f"{len(files)} file{'s' * (len(files) > 1)} without --model"
        lacking = " and without --tasks" if len(files) == 2 else ""
        raise ParameterError(
            f"{came}{lacking}; write mfgp predict --model MODEL NEW, or mfgp predict TRAIN NEW --tasks LOW,…,HIGH"
        )
    return files[0], files[1], tasks


def _one_file(files: list[Path], learned: list[str]) -> Path:
    """The file that is predicted by a saved model."""
    if len(files) != 1:
        raise ParameterError(
            f"--model came with {len(files)} files, expected one: write mfgp predict --model MODEL NEW"
        )
    if learned:
        raise ParameterError(
            f"--model has learned already, so {', '.join(learned)} would change nothing; leave --model out, or these"
        )
    return files[0]


def _known(columns: Columns, target: pd.DataFrame) -> dict[str, Any]:
    """What is known of the tasks at the rows to predict, as `predict_distribution` takes it."""
    from mfgp.cli.table import require_numbers

    present = [task for task in columns.tasks if task in target.columns]
    if not present:
        from mfgp.data.table import listed

        raise ParameterError(
            "--given uses the values of tasks in NEW, but it has none of the columns "
            f"{listed(columns.tasks)}; leave --given out"
        )
    deviations = {task: name for task, name in columns.noise.items() if task in present and name in target.columns}
    numbers = [task for task in present if task not in columns.labels]
    require_numbers(target, [*numbers, *deviations.values()])
    known: dict[str, Any] = {"given": target[present]}
    if deviations:
        known["noise"] = target[list(deviations.values())].set_axis(list(deviations), axis="columns")
    return known


def _columns_of(columns: Columns) -> list[str]:
    parts = {task: ("class", *labels.classes) for task, labels in columns.labels.items()}
    return [f"{task}_{part}" for task in columns.tasks for part in parts.get(task, ("mean", "std", "lower", "upper"))]


def _require_no_predictions(names: list[str], target: pd.DataFrame) -> None:
    from mfgp.data.table import listed

    taken = [name for name in names if name in target.columns]
    if taken:
        raise ColumnError(
            f"NEW has the columns {listed(taken)}, where predictions are to go; rename them, or leave them out"
        )
