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
        self._mean, self._covariance = _of_tasks(joint.mean, joint.covariance, worth.places)
        x = model._standardized_inputs(candidates)
        rows = [torch.cat([x, torch.full_like(x[:, :1], task)], dim=-1) for task in worth.places]
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
        count, tasks = shared.mean.shape
        fixed, used = self._mean.shape
        places = self._worth.places
        deviation = (shared.own.diagonal(dim1=-2, dim2=-1).clamp_min(0.0) + self._noise).sqrt()
        beside = shared.covariance.view(count, tasks, fixed, used)
        shift = torch.cat([beside, shared.own[:, :, None, places]], dim=2) * self._scales[places]
        shift = shift / deviation[:, :, None, None].clamp_min(torch.finfo(shift.dtype).tiny)
        mean = shared.mean * self._scales + self._means
        covariance = shared.own * torch.outer(self._scales, self._scales)
        own_mean, own_covariance = _of_tasks(mean[:, None, None], covariance[:, None, None], places)
        return Measurements(
            torch.cat([self._mean.expand(count, -1, -1).unsqueeze(1), own_mean], dim=2).expand_as(shift),
            torch.cat([self._covariance.expand(count, -1, -1, -1).unsqueeze(1), own_covariance], dim=2).expand(
                -1, tasks, -1, -1, -1
            ),
            shift,
        )


def _of_tasks(mean: Tensor, covariance: Tensor, places: list[int]) -> tuple[Tensor, Tensor]:
    """Means (..., S) and covariances (..., S, S) of some of the tasks, of (..., T) and (..., T, T)."""
    return mean[..., places], covariance[..., places, :][..., places]
