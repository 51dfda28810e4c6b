"""``mfgp campaign change``: another budget, stopping rule or constraints."""

from __future__ import annotations

from typing import Any

from mfgp.cli import options
from mfgp.cli.campaign import limits, place
from mfgp.cli.console import aside, complaining
from mfgp.errors import ParameterError


@complaining
def change(
    budget: limits.Budget = None,
    gain_per_cost: limits.GainPerCost = None,
    patience: limits.Patience = None,
    constraint: limits.Constraint = None,
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Change what a campaign may spend, when it stops, or all its constraints: for good.

    What is not named stays. The status says what was changed, and when.
    """
    stopping = limits.rule_of(gain_per_cost, patience)
    given: dict[str, Any] = {"budget": budget, "stopping": stopping, "constraints": constraint or None}
    parts = {part: value for part, value in given.items() if value is not None}
    if not parts:
        raise ParameterError("nothing is to be changed; write --budget, --gain-per-cost or --constraint")
    campaign = place.opened(storage, name)
    campaign.change(**parts)
    aside(quiet).print(repr(campaign))
