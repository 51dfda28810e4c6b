"""``mfgp fit``: what a model learns from a file, as plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfgp.cli import options
from mfgp.cli.architecture import Architecture
from mfgp.cli.console import as_rich, aside, complaining, out


@complaining
def fit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file, one row an object.", show_default=False)],
    tasks: Annotated[str, typer.Option(metavar="LOW,…,HIGH", help="Task columns, empty where not measured.")],
    inputs: options.Inputs = None,
    formula: options.Formula = None,
    noise: options.Noise = None,
    architecture: Annotated[Architecture, typer.Option(help="How tasks share information.")] = Architecture.DIFFERENCE,
    sources: options.Sources = None,
    folder: options.Out = Path("mfgp-fit"),
    quiet: options.Quiet = False,
) -> None:
    """Fit a model to FILE, print what it has learned, and write it.

    The folder gets report.json (how the fit went), a CSV file each for the correlation of the tasks, the lengthscales
    of the inputs, the noise and what else the architecture has, and model.mfgp, which mfgp.load reads in Python.
    """
    from mfgp.cli.learned import learned, write_learned
    from mfgp.cli.table import open_table, prepare_folder

    notes = aside(quiet)
    estimator = architecture.build(sources)
    frame, columns = open_table(file, tasks, inputs, formula, noise, notes)
    prepare_folder(folder)
    with notes.status("fitting"):
        estimator.fit(columns.X(frame), columns.Y(frame), noise=columns.known_noise(frame))
    write_learned(estimator, folder)
    console = out()
    console.print(repr(estimator), soft_wrap=True)
    for name, table in learned(estimator).items():
        console.print()
        console.print(as_rich(table, name.replace("_", " ")))
    notes.print(f"written to {folder}")
