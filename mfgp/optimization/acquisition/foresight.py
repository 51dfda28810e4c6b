"""What measurements would tell: the gain of each (input, task), as one model foresees it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.data.scaling import standardized_inputs
from mfgp.inference.posterior import Joint, every_task
from mfgp.inference.shared import Shared, SharedWith
from mfgp.model import TaskGP
from mfgp.optimization.acquisition.gain import Fineness, Measurements, expected_gain
from mfgp.optimization.acquisition.lines import ExpectedMaximum
from mfgp.optimization.acquisition.worth import Worth

BLOCK = 1 << 20  # numbers in an array
LEAST = 1e-12  # variance of a measurement, of a task's: below it are covariances that are rounding alone


class Foresight:
    """The gain of measurements, by what they tell of fixed candidates and of the input that they are made at.

    A measurement that completes its input, whose worth is measured then, gains if that exceeds the best of what is
    measured. Any other gains by what it tells of all that may be the best.

    Parameters
    ----------
    model
        What is known.
    worth
        Of a candidate.
    rivals
        (m, d) inputs that may be the best.
    measured
        (r, d) inputs whose worth is measured; if there is none, no measurement is taken to complete its input.
    fineness
        Of integrals that have no closed form.
    """

    def __init__(self, model: TaskGP, worth: Worth, rivals: Tensor, measured: Tensor, fineness: Fineness) -> None:
        self._model, self._worth, self._fineness = model, worth, fineness
        self._scales = model._units()[1]
        x = standardized(model, torch.cat([rivals, measured]))
        self._mean, self._covariance = in_units(model, model.exact_posterior.joint(x), worth.places)
        rows = every_task(x, len(self._scales))[:, worth.places]
        self._shared = SharedWith(model.exact_posterior, rows.flatten(0, 1))
        self._noise = model.likelihood.task_variance().detach()
        self._informing = _Against(slice(0, len(rivals)), torch.ones(len(rivals) + 1, dtype=torch.bool))
        count = len(measured)
        self._completing = _Against(slice(len(rivals), None), torch.arange(count + 1) < count) if count else None

    def at(self, inputs: Tensor, completes: Tensor) -> ExpectedMaximum:
        """Gain (n, T) and chance (n, T) of measuring each task at inputs (n, d), which it completes (n, T) or not."""
        x = standardized(self._model, inputs)
        tasks, rows = len(self._scales), len(self._shared.rows) + len(self._model.train_targets)
        block = max(1, BLOCK // (tasks * (rows + tasks * len(self._mean))))
        parts = zip(x.split(block), completes.split(block), strict=True)
        found = [self._gain(self._shared.at(part), complete) for part, complete in parts]
        gain, chance = (torch.cat(part) for part in zip(*found, strict=True))
        return ExpectedMaximum(gain, chance)

    def along(self, inputs: Tensor, completes: Tensor) -> Tensor:
        """Gain (n, T), differentiable in the inputs (n, d)."""
        return self._gain(self._shared.along(standardized(self._model, inputs)), completes).gain

    def _gain(self, shared: Shared, completes: Tensor) -> ExpectedMaximum:
        gain, chance = torch.zeros_like(shared.mean), torch.zeros_like(shared.mean)
        if self._completing is None:
            completes = torch.zeros_like(completes)
        for against, counts in ((self._informing, ~completes), (self._completing, completes)):
            tasks = counts.any(0).nonzero().flatten().tolist()
            if against is None or not tasks:
                continue
            found = expected_gain(self._worth, self._measurements(shared, tasks, against), self._fineness)
            here = counts[:, tasks]
            gain = gain.index_add(1, torch.tensor(tasks).to(gain.device), torch.where(here, found.gain, 0.0))
            chance = chance.index_add(1, torch.tensor(tasks).to(gain.device), torch.where(here, found.chance, 0.0))
        return ExpectedMaximum(gain, chance)

    def _measurements(self, shared: Shared, tasks: list[int], against: _Against) -> Measurements:
        """Of some tasks at n inputs, (n, tasks, m + 1, ...): the last candidate is the input itself."""
        places = self._worth.places
        mean, covariance = self._mean[against.candidates], self._covariance[against.candidates]
        count, used = len(shared.mean), len(places)
        variance = (shared.own.diagonal(dim1=-2, dim2=-1)[:, tasks] + self._noise[tasks]).clamp_min(LEAST)
        beside = shared.covariance[:, tasks].view(count, len(tasks), -1, used)[:, :, against.candidates]
        shift = torch.cat([beside, shared.own[:, tasks][:, :, None, places]], dim=2) * self._scales[places]
        shift = shift / variance.sqrt()[:, :, None, None]
        own_mean, own_covariance = in_units(self._model, Joint(shared.mean, shared.own), places)
        mean = torch.cat([mean.expand(count, -1, -1), own_mean.unsqueeze(1)], dim=1)
        covariance = torch.cat([covariance.expand(count, -1, -1, -1), own_covariance.unsqueeze(1)], dim=1)
        return Measurements(
            mean.unsqueeze(1).expand_as(shift),
            covariance.unsqueeze(1).expand(*shift.shape, used),
            shift,
            against.held.to(shift.device),
        )


class _Against(NamedTuple):
    """Candidates that a measurement is judged by, and which of these, the input itself being the last, are held."""

    candidates: slice
    held: Tensor


def standardized(model: TaskGP, inputs: Tensor) -> Tensor:
    """Inputs (n, d) as the kernel reads them, with a gradient."""
    rows = torch.cat([inputs, torch.zeros_like(inputs[:, :1])], dim=-1)
    return standardized_inputs(model.input_scaling, rows)[:, :-1]


def in_units(model: TaskGP, joint: Joint, places: list[int]) -> Joint:
    """Some of the tasks of a standardised joint distribution, in their units."""
    means, scales = (values[places] for values in model._units())
    covariance = joint.covariance[:, places][:, :, places]
    return Joint(joint.mean[:, places] * scales + means, covariance * torch.outer(scales, scales))
