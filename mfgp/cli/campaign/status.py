"""``mfgp campaign status``: where a campaign stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from mfgp.cli import options
from mfgp.cli.campaign import place
from mfgp.cli.campaign.shown import shown
from mfgp.cli.console import aside, complaining, out

if TYPE_CHECKING:
    from mfgp import Campaign


@complaining
def status(
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the history goes, as CSV.", show_default=False)
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option("--plots", metavar="FOLDER", help="Where plots of progress go, as PNG.", show_default=False),
    ] = None,
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Print where a campaign stands, the best row as far as is known, and what is pending."""
    from mfgp.cli.table import prepare_file, prepare_folder
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
    if plots is not None:
        prepare_folder(plots)
        _plot(campaign, plots, notes)


def _plot(campaign: Campaign, folder: Path, notes: Console) -> None:
    from mfgp import plotting
    from mfgp.errors import DataError

    objectives = campaign.objectives
    drawn: dict[str, Callable[[], Any]] = {
        "progress": lambda: plotting.progress(campaign),
        "spending": lambda: plotting.spending(campaign),
    }
    if len(objectives) == 2:
        drawn["front"] = lambda: plotting.pareto_front(campaign, objectives, best=campaign.best())
    for name, draw in drawn.items():
        try:
            draw().savefig(folder / f"{name}.png")
        except DataError as error:
            notes.print(f"no plot of {name} yet: {error}")
        else:
            notes.print(f"{folder / name}.png written")
