"""``mfgp campaign new``: begin a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mfgp.cli import options
from mfgp.cli.architecture import Architecture
from mfgp.cli.campaign import limits, place
from mfgp.cli.campaign.answers import read_answers
from mfgp.cli.console import aside, complaining
from mfgp.errors import ParameterError

if TYPE_CHECKING:
    from mfgp.optimization import Objective


@complaining
def new(
    cost: Annotated[
        list[str], typer.Option(metavar="TASK=COST", help="Number, or text in the inputs; low fidelity first.")
    ],
    candidates: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="CSV or Parquet file of candidates.", show_default=False)
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the candidates' names.")] = None,
    inputs: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Input columns; by default all but that of names.")
    ] = None,
    ranges: Annotated[
        list[str] | None, typer.Option("--range", metavar="INPUT=LOW:HIGH", help="Input without candidates: numbers.")
    ] = None,
    whole: Annotated[
        list[str] | None, typer.Option(metavar="INPUT=LOW:HIGH", help="The same: whole numbers, both ends included.")
    ] = None,
    levels: Annotated[list[str] | None, typer.Option(metavar="INPUT=A,B,…", help="The same: categories.")] = None,
    maximize: Annotated[list[str] | None, typer.Option(metavar="EXPRESSION", help="What is to be large.")] = None,
    minimize: Annotated[list[str] | None, typer.Option(metavar="EXPRESSION", help="What is to be small.")] = None,
    target: Annotated[
        list[str] | None, typer.Option(metavar="EXPRESSION=VALUE", help="What is to come near a value.")
    ] = None,
    constraint: limits.Constraint = None,
    architecture: Annotated[Architecture, typer.Option(help="How tasks share information.")] = Architecture.DIFFERENCE,
    sources: options.Sources = None,
    acquisition: Annotated[str, typer.Option(help="What chooses.")] = "gain",
    budget: limits.Budget = None,
    gain_per_cost: limits.GainPerCost = None,
    patience: limits.Patience = None,
    initial: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N|TASK=N", help="Rows that fill the space at the start: of each task, or for each its own."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV file of values that exist already.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the start and of the acquisition.")] = 0,
    storage: place.Storage = place.FILE,
    name: place.Name = place.NAME,
    quiet: options.Quiet = False,
) -> None:
    """Begin a campaign: say what may be measured, what it costs and what is looked for.

    With the same arguments it changes nothing; with others it complains. A start that is not given is the stored one.
    """
    from mfgp import Campaign
    from mfgp.cli.campaign.space import space_of

    space = space_of(candidates, label, inputs, ranges, whole, levels)
    campaign = Campaign(
        architecture.build(sources),
        space,
        _objectives(maximize, minimize, target),
        {task: _cost(text) for task, text in options.pairs(cost, "--cost").items()},
        constraint or [],
        storage=storage,
        acquisition=acquisition,
        budget=budget,
        stopping=limits.rule_of(gain_per_cost, patience),
        initial=_initial(initial),
        random_state=seed,
        name=name,
        data=None if data is None else read_answers(data, space),
    )
    aside(quiet).print(f"{campaign!r}, in {storage}")


def _objectives(maximize: list[str] | None, minimize: list[str] | None, target: list[str] | None) -> list[Objective]:
    from mfgp import optimization

    found = [optimization.maximize(text) for text in maximize or []]
    found += [optimization.minimize(text) for text in minimize or []]
    for text in target or []:
        expression, _, value = text.rpartition("=")
        if not expression.strip() or not _is_number(value):
            raise ParameterError(f"--target {text!r} has no expression and value; write --target 'gap=1.4'")
        found.append(optimization.target(expression, float(value)))
    if not found:
        raise ParameterError("nothing is looked for; write --maximize, --minimize or --target with an expression")
    return found


def _initial(texts: list[str] | None) -> int | dict[str, int] | None:
    if not texts:
        return None
    try:
        if len(texts) == 1 and "=" not in texts[0]:
            return int(texts[0])
        return {task: int(number) for task, number in options.pairs(texts, "--initial").items()}
    except ValueError as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(
            f"--initial {' '.join(texts)!r} has what is no whole number; write --initial 4, or --initial TASK=4 for "
            "each task"
        ) from error


def _cost(text: str) -> Any:
    return float(text) if _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
