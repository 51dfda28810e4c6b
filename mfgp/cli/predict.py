"""``mfgp predict``: learn from one file, predict another."""

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
    train: Annotated[Path, typer.Argument(metavar="TRAIN", help="CSV file to learn from.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="CSV file to predict.", show_default=False)],
    tasks: Annotated[str, typer.Option(metavar="LOW,…,HIGH", help="Task columns of TRAIN, empty where not measured.")],
    inputs: options.Inputs = None,
    formula: options.Formula = None,
    noise: options.Noise = None,
    architecture: Annotated[Architecture, typer.Option(help="How tasks share information.")] = Architecture.DIFFERENCE,
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
    """Learn from TRAIN, predict every task at the rows of NEW, and write mean, deviation and 90% interval.

    The file has the columns of NEW, then four columns a task, then those of each --of: mean, deviation and interval of
    a quantity or the probability of a condition, the standard error of that, and the share of draws outside its domain.
    A task that is text, or True and False, is a label: it has its most probable class, and each class's probability.
    """
    import pandas as pd

    from mfgp.cli.functions import columns_of, read_functions, table_of
    from mfgp.cli.table import open_table, prepare_file, read_table

    notes = aside(quiet)
    estimator = architecture.build(sources)
    frame, columns = open_table(train, tasks, inputs, formula, noise, notes)
    target = read_table(new, formula)
    X = columns.X(target)
    known = _known(columns, target) if given else {}
    wanted = read_functions(functions or [], columns.tasks, columns.labels)
    _require_no_predictions([*_columns_of(columns), *columns_of(wanted)], target)
    prepare_file(file)
    with notes.status("fitting"):
        estimator.fit(columns.X(frame), columns.Y(frame), noise=columns.known_noise(frame))
    prediction = estimator.predict_distribution(X, observed=observed, **known)
    tables = [target, prediction.to_frame(), table_of(wanted, prediction, notes)]
    pd.concat(tables, axis="columns").to_csv(file, index=False)
    notes.print(f"{len(target)} rows written to {file}")


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
