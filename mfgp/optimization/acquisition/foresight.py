"""What measurements would tell: the gain of each (input, task), as one model foresees it."""

from __future__ import annotations

import torch
from torch import Tensor

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
        self._means, self._scales = model._units()
        joint = model.joint(candidates)
        self._mean, self._covariance = joint.mean, joint.covariance
        x = model._standardized_inputs(candidates)
        self._used = worth.used
        rows = [torch.cat([x, torch.full_like(x[:, :1], task)], dim=-1) for task in self._used]
        self._shared = SharedWith(model.exact_posterior, torch.stack(rows, dim=1).flatten(0, 1))
        self._noise = model.likelihood.task_variance().detach()

    def at(self, inputs: Tensor) -> ExpectedMaximum:
        """Gain (n, T) and chance (n, T) of measuring each task at inputs (n, d)."""
        x = self._model._standardized_inputs(inputs)
        tasks, rows = len(self._means), len(self._shared.rows) + len(self._model.train_targets)
        block = max(1, BLOCK // (tasks * (rows + tasks * len(self._mean))))
        found = [self._gain(self._shared.at(part)) for part in x.split(block)]
        gain, chance = (torch.cat(part) for part in zip(*found, strict=True))
        return ExpectedMaximum(gain, chance)

    def along(self, inputs: Tensor) -> Tensor:
        """Gain (n, T), differentiable in the inputs (n, d)."""
        model = self._model
        rows = model.transform_inputs(torch.cat([inputs, torch.zeros_like(inputs[:, :1])], dim=-1))
        return self._gain(self._shared.along(rows[:, :-1])).gain

    def _gain(self, shared: Shared) -> ExpectedMaximum:
        return expected_gain(self._worth, self._measurements(shared), self._fineness)

    def _measurements(self, shared: Shared) -> Measurements:
        """Of every task at n inputs, (n, T, m + 1, ...): the last candidate is the input itself."""
        count, tasks, fixed = len(shared.mean), len(self._means), len(self._mean)
        deviation = (shared.own.diagonal(dim1=-2, dim2=-1).clamp_min(0.0) + self._noise).sqrt()
        shift = shared.mean.new_zeros(count, tasks, fixed + 1, tasks)
        shift[:, :, :fixed, self._used] = shared.covariance.view(count, tasks, fixed, len(self._used))
        shift[:, :, fixed] = shared.own
        shift = shift / deviation[:, :, None, None].clamp_min(torch.finfo(shift.dtype).tiny) * self._scales
        own_mean = (shared.mean * self._scales + self._means)[:, None, None].expand(-1, tasks, -1, -1)
        own = (shared.own * torch.outer(self._scales, self._scales))[:, None, None].expand(-1, tasks, -1, -1, -1)
        return Measurements(
            torch.cat([self._mean.expand(count, tasks, -1, -1), own_mean], dim=2),
            torch.cat([self._covariance.expand(count, tasks, -1, -1, -1), own], dim=2),
            shift,
        )
