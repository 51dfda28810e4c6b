"""History: all trials of a campaign as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from mfgp.expressions import Condition
from mfgp.optimization.definition import Definition
from mfgp.optimization.trial import Place, Trial, Trials

PREDICTED = ("mean", "lower", "upper", "gain", "cost", "chance", "why")
NUMBERS = (
    *("value", "noise", "cost", "total", "mean", "lower", "upper", "gain", "chance"),
    *("incumbent_value", "best_measured"),
)


def asked_frame(definition: Definition, trials: Sequence[Trial]) -> pd.DataFrame:
    """Trials as ``ask`` gives them: candidate (of a pool), inputs, task, and what was predicted."""
    return _frame(definition, trials, ("task", *PREDICTED), {})


def history_of(definition: Definition, trials: Trials) -> pd.DataFrame:
    """All trials, with the running cost, the incumbent and the best measured value.

    Parameters
    ----------
    definition
        Of the campaign.
    trials
        As they are.

    Returns
    -------
    One line a trial, index "trial": candidate (of a pool), inputs, "task", "state", "value", "noise", "reason", "cost",
    "total" (cost of this and all trials before, but for those withdrawn before they were told), what ``ask`` said, the
    "incumbent" when it was asked for with the mean of the objective there as "incumbent_value", "best_measured" (the
    best value so far of the objective at rows where all its tasks are measured and no measured constraint is broken;
    NaN for several objectives), and times.
    """
    costs = [trial.cost if trial.state == "asked" else trial.spent for trial in trials]
    more = {"total": np.cumsum(costs), "best_measured": best_measured(definition, trials)}
    columns = ("task", "state", "value", "noise", "reason", "cost", "total", "mean", "lower", "upper", "gain", "chance")
    rest = ("why", "ask", "incumbent", "incumbent_value", "best_measured", "asked_at", "told_at")
    return _frame(definition, trials.all, (*columns, *rest), more)


def best_measured(definition: Definition, trials: Trials) -> np.ndarray:
    """(trials,) the best measured value of the only objective, after each trial; NaN before there is one."""
    found = np.full(len(trials), np.nan)
    if len(definition.objectives) > 1:
        return found
    objective, best, best_utility = definition.objectives[0], np.nan, -np.inf
    known: dict[Place, dict[Hashable, Any]] = defaultdict(dict)
    for number, trial in enumerate(trials):
        if trial.state == "measured":
            values = known[trial.place]
            is_number = isinstance(trial.value, float)
            values[trial.task] = torch.tensor(trial.value, dtype=torch.float64) if is_number else trial.value
            if set(objective.quantity.tasks) <= set(values) and is_feasible(definition.constraints, values):
                utility = float(objective.utility.evaluate(values))
                if utility > best_utility:
                    best, best_utility = float(objective.quantity.evaluate(values)), utility
        found[number] = best
    return found


def is_feasible(constraints: Sequence[Condition], values: Mapping[Hashable, Any]) -> bool:
    """Whether no constraint is broken all of whose tasks have a value.

    Examples
    --------
    >>> from mfgp import parse
    >>> is_feasible([parse("a > b")], {"a": torch.tensor(1.0)}), is_feasible([parse("a > 2")], {"a": torch.tensor(1.0)})
    (True, False)
    """
    asked = [each for each in constraints if {*each.tasks, *each.labels} <= set(values)]
    return all(float(condition.truth(values)) > 0.0 for condition in asked)


def _frame(
    definition: Definition, trials: Sequence[Trial], columns: Sequence[str], more: dict[str, Any]
) -> pd.DataFrame:
    index = pd.Index([trial.number for trial in trials], name="trial", dtype=int)
    inputs = definition.points.frame((trial.point for trial in trials), index)
    for name in definition.space.levels:
        inputs[name] = inputs[name].astype(str)
    if definition.pool is not None:
        inputs.insert(0, "candidate", pd.Series([trial.label for trial in trials], index, dtype=object))
    for name in columns:
        values = more[name] if name in more else [getattr(trial, name) for trial in trials]
        numeric = name in NUMBERS and not any(isinstance(value, str | bool) for value in values)
        inputs[name] = pd.Series(values, index, dtype=float if numeric else object)
    return inputs
