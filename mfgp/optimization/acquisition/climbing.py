"""Climbing in a box: from good points to better ones, along the inputs that are continuous."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from botorch.exceptions.errors import OptimizationGradientError
from botorch.generation.gen import gen_candidates_scipy
from torch import Tensor

from mfgp.expressions import Condition
from mfgp.inference.threads import one_thread
from mfgp.optimization.box import Box

STEPS = 50
SHARES = (1.0, 0.999, 0.5)  # of the way from the start: what is tried where the end lies outside by a rounding


def climb(
    box: Box, encode: Callable[[pd.DataFrame], Tensor], value: Callable[[Tensor], Tensor], rows: pd.DataFrame
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
        What is maximised (n,), differentiable in these.
    rows
        (n, d) starts.
    """
    variables = list(box.variables.items())
    moving = torch.tensor([_is_interval(variable) for _, variable in variables])
    if not moving.any() or not len(rows):
        return rows
    start = encode(rows)
    lower, width = torch.zeros_like(start[0]), torch.ones_like(start[0])
    for place in moving.nonzero().flatten().tolist():
        least, most = variables[place][1]
        lower[place], width[place] = least, most - least
    before = value(start).detach()
    scale = before.abs().amax().clamp_min(torch.finfo(before.dtype).tiny)
    infinity = torch.full_like(lower, torch.inf)

    def at(points: Tensor) -> Tensor:
        return value(lower + torch.where(moving, points, points.detach()).squeeze(1) * width) / scale

    def margin(condition: Condition, point: Tensor) -> Tensor:
        inputs = lower + torch.where(moving, point, point.detach()) * width
        return condition.evaluate(dict(zip(box.columns, inputs.unbind(-1), strict=True)))

    conditions = [condition for condition in box.conditions if not condition.labels]  # levels stay as they are
    points = (start - lower) / width
    points = torch.where(moving, points.clamp(0.0, 1.0), points)
    with one_thread(), warnings.catch_warnings(record=True):  # that an end is no good is seen by its value
        ends = []
        for part in points.split(1 if conditions else len(points)):
            try:
                end, _ = gen_candidates_scipy(
                    part.unsqueeze(1),
                    at,
                    lower_bounds=torch.where(moving, 0.0, -infinity),
                    upper_bounds=torch.where(moving, 1.0, infinity),
                    nonlinear_inequality_constraints=[(partial(margin, each), True) for each in conditions] or None,
                    options={"maxiter": STEPS},
                )
            except OptimizationGradientError:
                end = part.unsqueeze(1)
            ends.append(end)
    found = torch.cat(ends).detach().squeeze(1)
    names = [variables[place][0] for place in moving.nonzero().flatten().tolist()]
    best, climbed = before.numpy(), rows.copy()
    for share in SHARES:
        tried, end = rows.copy(), lower + (points + share * (found - points)) * width
        tried[names] = end[:, moving].numpy()
        reached = value(end).detach().numpy()
        better = (reached > best) & box.allows(tried)
        climbed[names] = np.where(better[:, None], tried[names], climbed[names])
        best = np.where(better, reached, best)
    return climbed


def _is_interval(variable: object) -> bool:
    return isinstance(variable, tuple) and isinstance(variable[0], float)
