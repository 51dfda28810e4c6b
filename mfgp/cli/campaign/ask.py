"""``mfgp campaign ask``: what to measure next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfgp.cli import options
from mfgp.cli.campaign import place
from mfgp.cli.campaign.answers import require_told
from mfgp.cli.campaign.shown import shown
from mfgp.cli.console import aside, complaining, out


@complaining
def ask(
    count: Annotated[int, typer.Option("--count", "-n", help="How many measurements.")] = 1,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the question goes.")] = Path("ask.csv"),
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Write what to measure next to a CSV file, with empty columns for value, noise and reason of failure.

    What is asked for is pending from then on, and is not asked for again. A question whose file is lost is in the
    history that mfgp campaign status writes. A file with answers that are not told is not written over.
    """
    from mfgp.cli.table import prepare_file

    notes = aside(quiet)
    campaign = place.opened(storage, name)
    prepare_file(file)
    require_told(file, campaign.history)
    with notes.status("choosing"):
        asked = campaign.ask(count)
    if asked.empty:
        notes.print(f"nothing is worth asking for: {campaign.status().finished}")
        return
    asked.assign(value="", noise="", reason="").to_csv(file)
    out().print(shown(asked.drop(columns=["why"])))
    notes.print(f"{len(asked)} measurements written to {file}; fill in their values, then mfgp campaign tell {file}")
