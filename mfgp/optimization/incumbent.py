"""The incumbent: the best row under the posterior, which no single measurement decides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd
import torch
from botorch.utils.multi_objective.pareto import is_non_dominated

from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import DataError
from mfgp.expressions import Condition, Quantity
from mfgp.optimization.decision import LEAST_FEASIBLE
from mfgp.optimization.definition import Definition
from mfgp.optimization.objective import Objective
from mfgp.optimization.pool import Pool
from mfgp.optimization.trial import Trials


def incumbent(
    model: Regressor, inputs: pd.DataFrame, objectives: Sequence[Objective], constraints: Sequence[Condition]
) -> pd.DataFrame:
    """The best of some rows: of one objective the row whose expected utility is largest, of several the Pareto set.

    Rows count whose constraints hold with a probability of at least a half. If there is none, the one whose constraints
    hold with the largest probability is given.

    Parameters
    ----------
    model
        Fitted.
    inputs
        (n, d) rows.
    objectives
        At least one.
    constraints
        Conditions on tasks.

    Raises
    ------
    DataError
        An objective has no expectation anywhere.

    Returns
    -------
    Lines of `inputs` with "feasible", the probability that the constraints hold, and mean and 90% interval of each
    objective's quantity, as "mean", "lower" and "upper" if it is the only one, and after its text if not.
    """
    feasible = _probability(model, inputs, constraints)
    places = np.flatnonzero(feasible >= LEAST_FEASIBLE)
    if not len(places):
        places = np.array([feasible.argmax()])
    utility = np.column_stack([expected(model, inputs.iloc[places], objective.utility) for objective in objectives])
    defined = ~np.isnan(utility).any(axis=1)
    if not defined.any():
        raise DataError(
            f"{listed([objective.quantity for objective in objectives])} has no expectation at any candidate; where a "
            "may be negative, write log(maximum(a, 1e-6)) for log(a)"
        )
    places, utility = places[defined], utility[defined]
    if len(objectives) == 1:
        places = places[[int(utility[:, 0].argmax())]]
    else:
        places = places[is_non_dominated(torch.from_numpy(utility)).numpy()]
    found = inputs.iloc[places].assign(feasible=feasible[places])
    chosen = model.predict_distribution(inputs.iloc[places])
    for objective in objectives:
        quantity = chosen.of(objective.quantity)
        prefix = "" if len(objectives) == 1 else f"{objective.quantity!r} "
        found[f"{prefix}mean"] = quantity.mean
        found[[f"{prefix}lower", f"{prefix}upper"]] = quantity.interval(0.9)
    return found


def _probability(model: Regressor, inputs: pd.DataFrame, constraints: Sequence[Condition]) -> np.ndarray:
    """(n,) probability that all constraints hold."""
    if not constraints:
        return np.ones(len(inputs))
    every = reduce(lambda left, right: left & right, constraints)
    return model.predict_distribution(inputs).of(every).probability.to_numpy()


def expected(model: Regressor, inputs: pd.DataFrame, utility: Quantity) -> np.ndarray:
    """(n,) means of a utility, NaN where it has none; of a linear one from the tasks' means, which are cheap."""
    form = utility.linear()
    if form is None:
        return model.predict_distribution(inputs).of(utility).mean.to_numpy()
    return model.predict(inputs)[list(form.weights)].to_numpy() @ np.array(list(form.weights.values())) + form.offset


def best_of(definition: Definition, trials: Trials, model: Regressor) -> pd.DataFrame:
    """The incumbent of a campaign: the best candidate of a pool, or the best measured row that a box has, if any."""
    space = definition.open_space
    if isinstance(space, Pool):
        rows = space.frame
    else:
        rows = definition.points.frame(dict.fromkeys(trial.point for trial in trials.measured))
        inside = space.contains(rows)
        rows = rows[inside] if inside.any() else rows
    return incumbent(model, rows, definition.objectives, definition.constraints)


def incumbent_text(definition: Definition, trials: Trials, model: Regressor) -> tuple[str | None, float | None]:
    """The incumbent as text, and the mean of the objective there; None if there are several objectives, or no mean."""
    if len(definition.objectives) > 1:
        return None, None
    try:
        found = best_of(definition, trials, model)
    except DataError:
        return None, None
    if definition.pool is not None:
        return str(found.index[0]), float(found["mean"].iloc[0])
    shown = ", ".join(f"{name}={found[name].iloc[0]}" for name in definition.space.columns)
    return shown, float(found["mean"].iloc[0])
