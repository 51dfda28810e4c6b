"""What the commands say, and how they complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from mfgp.errors import MfgpError

if TYPE_CHECKING:
    import pandas as pd

WIDTH_OF_A_FILE = 110
P = ParamSpec("P")


def out() -> Console:
    """Where results go; wide enough for a table where it is no terminal."""
    console = _plain()
    return console if console.is_terminal else _plain(width=WIDTH_OF_A_FILE)


def aside(quiet: bool = False) -> Console:
    """Where notes and progress go: the standard error."""
    return _plain(stderr=True, quiet=quiet, soft_wrap=True)


def _plain(**options: Any) -> Console:
    """A console that prints names as they are, with their brackets and colons."""
    return Console(markup=False, emoji=False, highlight=False, **options)


def complaining(command: Callable[P, None]) -> Callable[P, None]:
    """A command whose complaints about what it was given are one line, with exit code 2."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except MfgpError as error:
            aside().print(f"Error: {error}", style="red")
            raise typer.Exit(2) from None

    return wrapped


@contextmanager
def progress(doing: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; what is yielded sets it to so many done of so many."""
    if quiet:
        yield lambda done, total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=aside(), transient=True) as bar:
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
