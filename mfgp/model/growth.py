"""Observations added to a TaskGP by extending its factor, at a cost of their rows alone."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mfgp.data.observations import Observations

if TYPE_CHECKING:
    from mfgp.model.task_gp import TaskGP


def grown(model: TaskGP, inputs: Tensor, targets: Tensor, noise: Tensor) -> TaskGP:
    """A copy with m observations added, whose variances are NaN where the noise is that of their task.

    Parameters
    ----------
    model
        A model that is no batch.
    inputs
        (m, d + 1) rows as they stand in ``model.train_inputs``.
    targets, noise
        (m,) outcome-transformed values and variances of their noise.
    """
    kernel, likelihood = deepcopy(model.covar_module), model.likelihood.get_fantasy_likelihood(noise=noise)
    before, after = len(model.train_targets), len(model.train_targets) + len(targets)
    index = torch.arange(before, after, device=targets.device)
    encoded = model.encode(inputs)
    more = Observations(encoded[:, :-1], encoded[:, -1].long(), targets, noise.sqrt(), index)
    exact, strategy = model.exact_posterior, model.prediction_strategy
    in_place_of = {
        id(model.covar_module): kernel,
        id(model.likelihood): likelihood,
        id(exact): exact.extended(more, likelihood),
        id(model.train_inputs): [torch.cat([model.train_inputs[0], inputs])],
        id(model.train_targets): torch.cat([model.train_targets, targets]),
        **({} if strategy is None else {id(strategy): likelihood}),
    }
    larger = deepcopy(model, in_place_of)
    larger.prediction_strategy = None
    return larger
