"""What acquisitions that choose among fidelities have in common: their target, where it may be largest, and why."""

from __future__ import annotations

import numpy as np
import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from mfgp.expressions.linear import LinearForm
from mfgp.optimization.acquisition.search import Found, Search
from mfgp.optimization.acquisition.target_model import TargetModel
from mfgp.optimization.acquisition.view import View
from mfgp.optimization.pool import Pool

MOST = 512  # rows that the largest value is looked for among
BLOCK = 4096


def target_of(view: View) -> TargetModel:
    """The model with the one objective's utility, which is linear in the tasks, as its target."""
    form = view.objective.utility.linear()
    assert form is not None
    return TargetModel(view.maximum, LinearForm({view.number(t): w for t, w in form.weights.items()}, form.offset))


def shortlist(view: View, model: TargetModel) -> np.ndarray | None:
    """Places of the candidates of a large pool to look at: half by promise, half at random; None for all.

    Promise is the mean of the target and two deviations.
    """
    space = view.decision.space
    if not isinstance(space, Pool) or len(space) <= MOST:
        return None
    mean, deviation = _target_at(model, view.rows(space.frame))
    order = np.argsort(-(mean + 2.0 * deviation).cpu().numpy(), kind="stable")
    others = np.random.default_rng(view.seed).permutation(order[MOST // 2 :])
    return np.sort(np.concatenate([order[: MOST // 2], others[: MOST // 2]]))


def places_of_maximum(view: View, model: TargetModel) -> Tensor:
    """Rows (m, d) that the target may be largest at: candidates of a pool; points of a box, measured or not."""
    space = view.decision.space
    if isinstance(space, Pool):
        among = shortlist(view, model)
        return view.rows(space.frame if among is None else space.frame.iloc[among])
    sampled = view.rows(space.sample(MOST // 2, view.seed))
    return torch.cat([sampled, view.measured[view.contains(view.measured)]])


def chance_of(view: View, found: Found) -> float:
    """Probability that a measurement improves on the incumbent; NaN where it does not measure the objective alone."""
    utility = view.objective.utility
    return view.chance(found.inputs, utility, view.best(utility)) if [*utility.tasks] == [found.task] else np.nan


@torch.no_grad()
def explained(search: Search, function: AcquisitionFunction, found: Found, said: str, scale: float = 1.0) -> str:
    """Why a measurement is worth its cost, and what those of other tasks at the same row would have been worth.

    Parameters
    ----------
    search
        That found it.
    function
        Of pairs.
    found
        The measurement.
    said
        What the function means, with a place for its value.
    scale
        The function's unit, in that.
    """
    others = []
    for task in search.tasks:
        if task != found.task:
            value = function(search.view.pairs(found.row.unsqueeze(0), [task]).unsqueeze(0)).item()
            others.append(f", {task!r} here {scale * value:.3g} for {search.cost(found.inputs, task):.3g}")
    cost = search.cost(found.inputs, found.task)
    return f"{said.format(scale * found.value)} of {search.view.objective!r} for {cost:.3g}{''.join(others)}"


@torch.no_grad()
def _target_at(model: TargetModel, rows: Tensor) -> tuple[Tensor, Tensor]:
    found = [model.posterior(model.at_target(part).unsqueeze(-2)) for part in rows.split(BLOCK)]
    mean, variance = (torch.cat([getattr(each, name) for each in found]) for name in ("mean", "variance"))
    return mean.flatten(), variance.clamp_min(0.0).sqrt().flatten()
