"""What ends a campaign and what it keeps to: options that a new one and a changed one have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mfgp.errors import ParameterError

if TYPE_CHECKING:
    from mfgp.optimization import StoppingRule

Budget: TypeAlias = Annotated[float | None, typer.Option(help="What all measurements may cost together.")]
GainPerCost: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--gain-per-cost", metavar="GAIN", help="Stop below this gain for a unit of cost, in the objective's unit."
    ),
]
Patience: TypeAlias = Annotated[
    int | None, typer.Option(help="How many questions in a row have to be below it; by default 3.")
]
Constraint: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="CONDITION", help="On inputs or tasks, such as 'loss < 0.1'; for each.")
]


def rule_of(gain_per_cost: float | None, patience: int | None) -> StoppingRule | None:
    """The stopping rule that the options state; None where they state none.

    Raises
    ------
    ParameterError
        There is a patience alone, or a number means nothing.
    """
    from mfgp.optimization import StoppingRule

    if gain_per_cost is None:
        if patience is not None:
            raise ParameterError(f"--patience {patience} is part of a stopping rule; write --gain-per-cost GAIN too")
        return None
    return StoppingRule(gain_per_cost) if patience is None else StoppingRule(gain_per_cost, patience)
