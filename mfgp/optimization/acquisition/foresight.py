"""What measurements would tell: the gain of each (input, task), as one model foresees it."""

from __future__ import annotations

import torch
from torch import Tensor

from mfgp.inference.posterior import Joint, every_task
from mfgp.inference.shared import Shared, SharedWith
from mfgp.model import TaskGP
from mfgp.optimization.acquisition.gain import Fineness, Measurements, expected_gain
from mfgp.optimization.acquisition.lines import ExpectedMaximum
from mfgp.optimization.acquisition.worth import Worth

BLOCK = 1 << 20  # numbers in an array


class Foresight:
    """The gain of measurements, by what they tell of fixed candidates and of the input that they are made at.

    Parameters
    ----------
    model
        What is known.
    worth
        Of a candidate.
    candidates
        (m, d) inputs that may be the best.
    fineness
        Of integrals that have no closed form.
    """

    def __init__(self, model: TaskGP, worth: Worth, candidates: Tensor, fineness: Fineness) -> None:
        self._model, self._worth, self._fineness = model, worth, fineness
        self._scales = model._units()[1]
        x = standardized(model, candidates)
        self._mean, self._covariance = in_units(model, model.exact_posterior.joint(x), worth.places)
        rows = every_task(x, len(self._scales))[:, worth.places]
        self._shared = SharedWith(model.exact_posterior, rows.flatten(0, 1))
        self._noise = model.likelihood.task_variance().detach()

    def at(self, inputs: Tensor) -> ExpectedMaximum:
        """Gain (n, T) and chance (n, T) of measuring each task at inputs (n, d)."""
        x = standardized(self._model, inputs)
        tasks, rows = len(self._scales), len(self._shared.rows) + len(self._model.train_targets)
        block = max(1, BLOCK // (tasks * (rows + tasks * len(self._mean))))
        found = [self._gain(self._shared.at(part)) for part in x.split(block)]
        gain, chance = (torch.cat(part) for part in zip(*found, strict=True))
        return ExpectedMaximum(gain, chance)

    def along(self, inputs: Tensor) -> Tensor:
        """Gain (n, T), differentiable in the inputs (n, d)."""
        return self._gain(self._shared.along(standardized(self._model, inputs))).gain

    def _gain(self, shared: Shared) -> ExpectedMaximum:
        return expected_gain(self._worth, self._measurements(shared), self._fineness)

    def _measurements(self, shared: Shared) -> Measurements:
        """Of every task at n inputs, (n, T, m + 1, ...): the last candidate is the input itself."""
        count, tasks = shared.mean.shape
        fixed, used = self._mean.shape
        places = self._worth.places
        least = torch.finfo(shared.own.dtype).tiny  # at zero a root has no slope
        deviation = (shared.own.diagonal(dim1=-2, dim2=-1) + self._noise).clamp_min(least).sqrt()
        beside = shared.covariance.view(count, tasks, fixed, used)
        shift = torch.cat([beside, shared.own[:, :, None, places]], dim=2) * self._scales[places]
        shift = shift / deviation[:, :, None, None]
        own_mean, own_covariance = in_units(self._model, Joint(shared.mean, shared.own), places)
        fixed_mean, fixed_covariance = self._mean.expand(count, -1, -1), self._covariance.expand(count, -1, -1, -1)
        mean = torch.cat([fixed_mean, own_mean.unsqueeze(1)], dim=1)
        covariance = torch.cat([fixed_covariance, own_covariance.unsqueeze(1)], dim=1)
        return Measurements(
            mean.unsqueeze(1).expand_as(shift), covariance.unsqueeze(1).expand(*shift.shape, used), shift
        )


def standardized(model: TaskGP, inputs: Tensor) -> Tensor:
    """Inputs (n, d) as the kernel reads them, with a gradient."""
    return model.encode(torch.cat([inputs, torch.zeros_like(inputs[:, :1])], dim=-1))[:, :-1]


def in_units(model: TaskGP, joint: Joint, places: list[int]) -> Joint:
    """Some of the tasks of a standardised joint distribution, in their units."""
    means, scales = (values[places] for values in model._units())
    covariance = joint.covariance[:, places][:, :, places]
    return Joint(joint.mean[:, places] * scales + means, covariance * torch.outer(scales, scales))
