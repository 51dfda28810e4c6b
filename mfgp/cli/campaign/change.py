"""``mfgp campaign change``: another budget, stopping rule or constraints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from mfgp.cli import options
from mfgp.cli.campaign import limits, place
from mfgp.cli.console import aside, complaining
from mfgp.errors import ParameterError


class Setting(StrEnum):
    """What a campaign may be without."""

    BUDGET = "budget"
    STOPPING = "stopping"
    CONSTRAINTS = "constraints"


@complaining
def change(
    budget: limits.Budget = None,
    gain_per_cost: limits.GainPerCost = None,
    patience: limits.Patience = None,
    constraint: limits.Constraint = None,
    without: Annotated[list[Setting] | None, typer.Option(help="Take it away; for each.")] = None,
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Change, or take away, what a campaign may spend, when it stops, or all its constraints: for good.

    What is not named stays. The status says what was changed, and when.
    """
    stopping = limits.rule_of(gain_per_cost, patience)
    given: dict[str, Any] = {"budget": budget, "stopping": stopping, "constraints": constraint or None}
    parts = {part: value for part, value in given.items() if value is not None}
    for setting in without or ():
        if setting in parts:
            raise ParameterError(f"--without {setting} takes away what another option states; write one of the two")
        parts[setting.value] = () if setting is Setting.CONSTRAINTS else None
    if not parts:
        raise ParameterError("nothing is to be changed; write --budget, --gain-per-cost, --constraint or --without")
    campaign = place.opened(storage, name)
    campaign.change(**parts)
    aside(quiet).print(repr(campaign))
