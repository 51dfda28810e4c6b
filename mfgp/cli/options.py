"""Options that several commands have, and the reading of their lists."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mfgp.errors import ParameterError

Inputs: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,…",
        help="Input columns, those of text being categories; by default the features of --formula, or else every "
        "column of numbers, or of True and False, that is no task.",
    ),
]
Formula: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of chemical formulas, whose composition features are inputs."),
]
Noise: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="TASK=COLUMN", help="Column of known standard deviations of a task; for each that has one."),
]
GivenNoise: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TASK=COLUMN", help="Column of known standard deviations of a given task; for each that has one."
    ),
]
FormulaOfModel: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of chemical formulas, for a model of composition features; by default the columns of these, or "
        "else 'formula'.",
    ),
]
Sources: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TASK=A,B,…",
        help="Tasks that a task is computed from (difference, cascade); by default a chain, in their order.",
    ),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no notes.")]
Out: TypeAlias = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")]


def split(text: str, option: str) -> list[str]:
    """Names in a list with commas; a name with a comma of its own stands in double quotes.

    Examples
    --------
    >>> split('a, b,"x, y"', "--inputs")
    ['a', 'b', 'x, y']
    """
    names = next(csv.reader([text], skipinitialspace=True), [])
    if not names or not all(names):
        raise ParameterError(
            f"{option} {text!r} has an empty name; write names with commas between them, such as a,b,c"
        )
    return [name.strip() for name in names]


def pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """What is left and right of the equals sign in each text.

    Examples
    --------
    >>> pairs(["gap=gap_sd"], "--noise")
    {'gap': 'gap_sd'}
    """
    found: dict[str, str] = {}
    for text in texts or []:
        left, equals, right = text.rpartition("=")
        if not (left and equals and right):
            raise ParameterError(f"{option} {text!r} has no task and column; write {option} TASK=COLUMN")
        task, name = left.strip(), right.strip()
        if task in found:
            raise ParameterError(
                f"{option} is given twice for {task!r}, as {found[task]!r} and {name!r}; write it once for each task"
            )
        found[task] = name
    return found
