"""``mfgp campaign withdraw``: take trials back."""

from __future__ import annotations

from typing import Annotated

import typer

from mfgp.cli import options
from mfgp.cli.campaign import place
from mfgp.cli.console import aside, complaining


@complaining
def withdraw(
    trials: Annotated[list[int], typer.Argument(metavar="TRIAL...", help="Their numbers.", show_default=False)],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, such as 'the sample was lost'.")],
    for_good: Annotated[bool, typer.Option("--for-good", help="The same is not asked for again.")] = False,
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Take back what will not be measured, or values that are wrong; these may be told anew."""
    campaign = place.opened(storage, name)
    campaign.withdraw(trials, reason, again=not for_good)
    aside(quiet).print(repr(campaign))
