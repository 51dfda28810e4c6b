"""``mfgp campaign``: a campaign on CSV files, one verb a file."""

from __future__ import annotations

import typer

from mfgp.cli.campaign.ask import ask
from mfgp.cli.campaign.new import new
from mfgp.cli.campaign.status import status
from mfgp.cli.campaign.tell import tell

campaign = typer.Typer(
    help="Search for the best row: ask what to measure, tell what came of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for verb in (new, ask, tell, status):
    campaign.command()(verb)
