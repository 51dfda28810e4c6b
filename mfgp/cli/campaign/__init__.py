"""``mfgp campaign``: a campaign on CSV files, one verb a file."""

from __future__ import annotations

import typer

from mfgp.cli.campaign.ask import ask
from mfgp.cli.campaign.change import change
from mfgp.cli.campaign.new import new
from mfgp.cli.campaign.status import status
from mfgp.cli.campaign.tell import tell
from mfgp.cli.campaign.withdraw import withdraw

campaign = typer.Typer(
    help="Search for the best row: ask what to measure, tell what came of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for verb in (new, ask, tell, withdraw, change, status):
    campaign.command()(verb)
