"""The command line: one verb a file."""

from __future__ import annotations

from typing import Annotated

import typer

from mfgp.cli.campaign import campaign
from mfgp.cli.compare import compare
from mfgp.cli.fit import fit
from mfgp.cli.predict import predict
from mfgp.cli.screen import screen

app = typer.Typer(
    help="Learn a scarce, expensive quantity from plentiful, cheap ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (compare, fit, predict, screen):
    app.command()(verb)
app.add_typer(campaign, name="campaign")


def _show_version(wanted: bool) -> None:
    if wanted:
        from mfgp import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass
