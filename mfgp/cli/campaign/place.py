"""Where a campaign is: options that all its verbs have, and opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from mfgp import Campaign

Storage: TypeAlias = Annotated[
    str, typer.Option(metavar="FILE|URL", help="File for SQLite, or URL of another database.")
]
Name: TypeAlias = Annotated[str, typer.Option(help="Name of the campaign, as several may share a database.")]

FILE, NAME = "campaign.sqlite", "campaign"


def opened(storage: str, name: str) -> Campaign:
    """The campaign that is stored there.

    Raises
    ------
    DataError
        There is none; a file is not made.
    """
    from pathlib import Path

    from mfgp import Campaign
    from mfgp.errors import DataError

    if "://" not in storage and not Path(storage).exists():
        raise DataError(f"there is no file {storage}; begin a campaign by mfgp campaign new, or name its --storage")
    return Campaign.load(storage, name)
