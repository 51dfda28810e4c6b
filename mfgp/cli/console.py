"""What the commands say, and how they complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mfgp.errors import MfgpError

if TYPE_CHECKING:
    import pandas as pd

WIDTH_OF_A_FILE = 110
P = ParamSpec("P")


def out() -> Console:
    """Where results go; wide enough for a table where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_A_FILE)


def aside(quiet: bool = False) -> Console:
    """Where notes and progress go: the standard error."""
    return Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)


def complaining(command: Callable[P, None]) -> Callable[P, None]:
    """A command whose complaints about what it was given are one line, with exit code 2."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except MfgpError as error:
            aside().print(Text(f"Error: {error}", style="red"))
            raise typer.Exit(2) from None

    return wrapped


@contextmanager
def progress(doing: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; what is yielded sets it to so many done of so many."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=aside(), disable=quiet, transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def as_rich(frame: pd.DataFrame, corner: str) -> Table:
    """A small frame as a table, numbers to four digits."""
    table = Table(box=None, pad_edge=False)
    table.add_column(corner, no_wrap=True)
    for column in frame.columns:
        table.add_column(str(column), justify="right")
    for name, values in zip(frame.index, frame.to_numpy(), strict=True):
        table.add_row(str(name), *(f"{value:.4g}" for value in values))
    return table
