"""``mfgp campaign status``: where a campaign stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfgp.cli import options
from mfgp.cli.campaign import place
from mfgp.cli.campaign.shown import shown
from mfgp.cli.console import aside, complaining, out


@complaining
def status(
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the history goes, as CSV.", show_default=False)
    ] = None,
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Print where a campaign stands, the best row as far as is known, and what is pending."""
    from mfgp.cli.table import prepare_file
    from mfgp.errors import DataError

    notes, console = aside(quiet), out()
    campaign = place.opened(storage, name)
    console.print(repr(campaign), soft_wrap=True)
    try:
        with notes.status("fitting"):
            best = campaign.best()
    except DataError as error:
        notes.print(f"no best row yet: {error}")
    else:
        console.print()
        console.print(shown(best.rename_axis("best")))
    pending = campaign.pending
    if len(pending):
        console.print()
        console.print(shown(pending.drop(columns=["gain", "chance", "why"]).rename_axis("pending")))
    if file is not None:
        prepare_file(file)
        campaign.history.to_csv(file)
        notes.print(f"history written to {file}")
