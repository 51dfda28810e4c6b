"""Climbing in a box: from good points to better ones, along the inputs that are continuous."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from botorch.exceptions.errors import OptimizationGradientError
from botorch.generation.gen import gen_candidates_scipy
from torch import Tensor

from mfgp.expressions import Condition
from mfgp.inference.threads import one_thread
from mfgp.optimization.acquisition.worth import IMMATERIAL
from mfgp.optimization.box import Box

STEPS = 50
TOLERANCE = 1e-7
SHARES = (1.0, 0.999, 0.5)  # of the way from the start: what is tried where the end lies outside by a rounding


def climb(
    box: Box,
    encode: Callable[[pd.DataFrame], Tensor],
    value: Callable[[Tensor, Tensor], Tensor],
    rows: pd.DataFrame,
    which: Sequence[int],
    tolerance: float = TOLERANCE,
) -> pd.DataFrame:
    """Rows with values at least as large, whole numbers and categories as they are.

    L-BFGS by BoTorch between the bounds, or sequential quadratic programming where the box has conditions. Where it
    ends at a point that the box does not allow, or that is no better, or where there is no slope to follow, the start
    comes back.

    Parameters
    ----------
    box
        Its inputs are the columns.
    encode
        Rows as a tensor (n, d).
    value
        What is maximised (n,), differentiable in these, in the unit of what candidates differ by; which of several
        quantities at each is said by its number (n,).
    rows
        (n, d) starts.
    which
        (n,) number of the quantity that is maximised from each.
    tolerance
        A climb ends with a step that gains less than this share of the largest value that its quantity has at a start,
        or of one that matters, if that is more. Values that are all but none everywhere are not climbed to.
    """
    variables = list(box.variables.items())
    moving = torch.tensor([*(_is_interval(variable) for _, variable in variables), False])
    if not moving.any() or not len(rows):
        return rows
    start = encode(rows)
    moving = moving.to(start.device)
    number = torch.tensor(which, device=start.device)
    start = torch.cat([start, number.unsqueeze(-1).to(start)], dim=-1)  # the batch shrinks where climbs have ended
    lower, width = torch.zeros_like(start[0]), torch.ones_like(start[0])
    for place in moving.nonzero().flatten().tolist():
        least, most = variables[place][1]
        lower[place], width[place] = least, most - least
    before = value(start[:, :-1], number).detach()
    smallest = before.new_full((int(number.max()) + 1,), IMMATERIAL)
    scale = smallest.scatter_reduce(0, number, before.abs(), "amax")  # of each quantity, by its number

    def at(points: Tensor) -> Tensor:
        inputs = lower + torch.where(moving, points, points.detach()).squeeze(1) * width
        here = inputs[:, -1].detach().long()
        return value(inputs[:, :-1], here) / scale[here]

    def margin(condition: Condition, point: Tensor) -> Tensor:
        inputs = lower + torch.where(moving, point, point.detach()) * width
        return condition.evaluate(dict(zip(box.columns, inputs[:-1].unbind(-1), strict=True)))

    conditions = [condition for condition in box.conditions if not condition.labels]  # levels stay as they are
    points = (start - lower) / width
    points = torch.where(moving, points.clamp(0.0, 1.0), points)

    def ends(part: Tensor) -> list[Tensor]:
        """Where climbs end; where one of several has no slope to follow, each goes by itself."""
        try:
            end, _ = gen_candidates_scipy(
                part.unsqueeze(1),
                at,
                lower_bounds=torch.where(moving, 0.0, points.amin(0)),
                upper_bounds=torch.where(moving, 1.0, points.amax(0)),
                nonlinear_inequality_constraints=[(partial(margin, each), True) for each in conditions] or None,
                options={"maxiter": STEPS, "ftol": tolerance} | ({} if conditions else {"factr": None}),
            )
        except OptimizationGradientError:
            return [part] if len(part) == 1 else [end for row in part.split(1) for end in ends(row)]
        return [end.detach().squeeze(1)]

    with one_thread(), warnings.catch_warnings(record=True):  # that an end is no good is seen by its value
        found = torch.cat([end for part in points.split(1 if conditions else len(points)) for end in ends(part)])
    names = [variables[place][0] for place in moving.nonzero().flatten().tolist()]
    needed, climbed, inside = before.cpu().numpy(), rows.copy(), np.zeros(len(rows), dtype=bool)
    for share in SHARES:
        tried, end = rows.copy(), lower + (points + share * (found - points)) * width
        tried[names] = end[:, moving].cpu().numpy()
        reached, allowed = value(end[:, :-1], number).detach().cpu().numpy(), box.allows(tried)
        better = (reached > needed) & allowed & ~inside
        climbed[names] = np.where(better[:, None], tried[names], climbed[names])
        inside |= allowed
        if inside.all():
            break
    return climbed


def _is_interval(variable: object) -> bool:
    return isinstance(variable, tuple) and isinstance(variable[0], float)
