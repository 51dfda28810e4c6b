"""``mfgp campaign tell``: what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfgp.cli import options
from mfgp.cli.campaign import place
from mfgp.cli.campaign.answers import answered, read_answers
from mfgp.cli.console import aside, complaining


@complaining
def tell(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file with values.", show_default=False)],
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Store the values of a CSV file: one that ask wrote, with values; or inputs with a column for each task.

    A measurement that failed has no value, and a reason. Lines of what ask wrote that have neither are left out, and a
    file may be told again as it fills.
    """
    notes = aside(quiet)
    campaign = place.opened(storage, name)
    frame = read_answers(file, campaign.space)
    if {"trial", "value"} <= set(frame.columns):
        whole, frame = len(frame), frame[answered(frame)]
        notes.print(f"{whole - len(frame)} of {whole} lines have no value yet")
    told = campaign.tell(frame)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in told["outcome"].value_counts(sort=False).items())
    notes.print(f"{counts or 'nothing'}; {campaign.status()!r}")
