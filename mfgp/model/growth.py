"""Observations added to a TaskGP at a cost of their rows alone: by extending its factor, or batch by batch."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference import Fantasies

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


def fantasised(model: TaskGP, inputs: Tensor, targets: Tensor, noise: Tensor) -> TaskGP:
    """A batch of copies, each with observations of its own added; differentiable in them.

    Parameters
    ----------
    model
        A model, or a batch of fantasies.
    inputs
        (..., m, d + 1) rows as they stand in ``model.train_inputs``.
    targets, noise
        (..., m) outcome-transformed values and variances of their noise, NaN where it is that of their task. Batches
        are broadcast.
    """
    encoded = model.encode(inputs)
    variance = torch.where(noise.isnan(), model.likelihood.task_variance().detach()[encoded[..., -1].long()], noise)
    fantasies = model.fantasies
    added = (
        Fantasies(model.exact_posterior, encoded, targets, variance)
        if fantasies is None
        else fantasies.followed_by(encoded, targets, variance)
    )
    batch = torch.broadcast_shapes(model.train_targets.shape[:-1], inputs.shape[:-2], targets.shape[:-1])
    rows = [part.expand(*batch, *part.shape[-2:]) for part in (model.train_inputs[0], inputs)]
    values = [part.expand(*batch, -1) for part in (model.train_targets, targets)]
    kept = [added.posterior, fantasies, model.train_inputs, model.train_targets, model.prediction_strategy]
    larger = deepcopy(model, {id(part): part for part in kept if part is not None})
    larger.likelihood = model.likelihood.get_fantasy_likelihood(noise=noise)
    larger.train_inputs, larger.train_targets = (torch.cat(rows, dim=-2),), torch.cat(values, dim=-1)
    larger.fantasies, larger._exact, larger.prediction_strategy = added, None, None
    return larger
