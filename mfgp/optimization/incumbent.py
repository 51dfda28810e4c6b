"""The incumbent: the best row under the posterior, which no single measurement decides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd
import torch
from botorch.utils.multi_objective.pareto import is_non_dominated

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.optimization.decision import LEAST_FEASIBLE
from mfgp.optimization.definition import Definition
from mfgp.optimization.objective import Objective
from mfgp.optimization.pool import Pool
from mfgp.optimization.trial import Trials
from mfgp.prediction import Prediction


def incumbent(
    prediction: Prediction, inputs: pd.DataFrame, objectives: Sequence[Objective], constraints: Sequence[Condition]
) -> pd.DataFrame:
    """The best of some rows: of one objective the row whose expected utility is largest, of several the Pareto set.

    Rows count whose constraints hold with a probability of at least a half. If there is none, the one whose constraints
    hold with the largest probability is given.

    Parameters
    ----------
    prediction
        Of all tasks at the rows.
    inputs
        (n, d) rows.
    objectives
        At least one.
    constraints
        Conditions on tasks.

    Returns
    -------
    Lines of `inputs` with "feasible", the probability that the constraints hold, and mean and 90% interval of each
    objective's quantity, as "mean", "lower" and "upper" if it is the only one, and after its text if not.
    """
    feasible = np.ones(len(inputs))
    if constraints:
        every = reduce(lambda left, right: left & right, constraints)
        feasible = prediction.of(every).probability.to_numpy()
    places = np.flatnonzero(feasible >= LEAST_FEASIBLE)
    if not len(places):
        places = np.array([feasible.argmax()])
    among = prediction.take(places)
    utility = np.column_stack([among.of(objective.utility).mean for objective in objectives])
    if len(objectives) == 1:
        places = places[[int(utility[:, 0].argmax())]]
    else:
        places = places[is_non_dominated(torch.from_numpy(utility)).numpy()]
    found = inputs.iloc[places].assign(feasible=feasible[places])
    chosen = prediction.take(places)
    for objective in objectives:
        quantity = chosen.of(objective.quantity)
        prefix = "" if len(objectives) == 1 else f"{objective.quantity!r} "
        found[f"{prefix}mean"] = quantity.mean
        found[[f"{prefix}lower", f"{prefix}upper"]] = quantity.interval(0.9)
    return found


def best_of(
    definition: Definition, trials: Trials, model: Regressor, predicted: Prediction | None = None
) -> pd.DataFrame:
    """The incumbent of a campaign: the best candidate of a pool, or the best measured row of a box.

    Parameters
    ----------
    definition, trials, model
        Of the campaign.
    predicted
        The model's prediction at the candidates of a pool, if it is known already.
    """
    space = definition.open_space
    if isinstance(space, Pool):
        rows = space.frame
    else:
        rows = definition.points.frame(dict.fromkeys(trial.point for trial in trials.measured))
        allowed = space.allows(rows)
        rows = rows[allowed] if allowed.any() else rows
    prediction = model.predict_distribution(rows) if predicted is None else predicted
    return incumbent(prediction, rows, definition.objectives, definition.constraints)


def incumbent_text(
    definition: Definition, trials: Trials, model: Regressor, predicted: Prediction | None
) -> tuple[str | None, float | None]:
    """The incumbent as text, and the mean of the objective there; None if there are several objectives."""
    if len(definition.objectives) > 1:
        return None, None
    found = best_of(definition, trials, model, predicted)
    if definition.pool is not None:
        return str(found.index[0]), float(found["mean"].iloc[0])
    shown = ", ".join(f"{name}={found[name].iloc[0]}" for name in definition.space.columns)
    return shown, float(found["mean"].iloc[0])
