"""What a candidate is worth: the utility of its tasks where the constraints hold, and a floor where they do not."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mfgp.expressions import Condition, Quantity

SHARPNESS = 50.0  # how suddenly a constraint ceases to hold
IMMATERIAL, NOTHING = 1e-3, 1e-12  # gains below these shares of what candidates differ by


@dataclass(frozen=True, eq=False)
class Worth:
    """A number at values of the tasks.

    Parameters
    ----------
    utility
        What is maximised.
    constraints
        What has to hold.
    model_tasks
        Names of all tasks of the model, in its order.
    scales
        How large the margin of each constraint typically is.
    floor
        What a candidate is worth that breaks a constraint, or where the utility is not defined.
    spread
        By how much candidates typically differ.
    """

    utility: Quantity
    constraints: Sequence[Condition]
    model_tasks: tuple[Hashable, ...]
    scales: Sequence[float] = ()
    floor: float = 0.0
    spread: float = 1.0

    @cached_property
    def tasks(self) -> tuple[Hashable, ...]:
        """The S tasks that it depends on, in the model's order."""
        names = {name for part in (self.utility, *self.constraints) for name in part.tasks}
        return tuple(name for name in self.model_tasks if name in names)

    @cached_property
    def places(self) -> list[int]:
        """Their places among the tasks of the model."""
        return [self.model_tasks.index(name) for name in self.tasks]

    @property
    def material_gain(self) -> float:
        """Below it a gain matters little."""
        return IMMATERIAL * self.spread

    @property
    def least_gain(self) -> float:
        """Below it a gain is none."""
        return NOTHING * self.spread

    def linear(self) -> tuple[Tensor, float] | None:
        """Weights (S,) and a constant, where it is linear in the tasks."""
        form = self.utility.linear()
        if self.constraints or form is None:
            return None
        return torch.from_numpy(form.vector(self.tasks)), form.offset

    def at(self, values: Tensor) -> Tensor:
        """(...) worth at values (..., S) of these tasks, differentiable.

        A constraint counts by a steep logistic function of its margin, so that there is a gradient.
        """
        named = dict(zip(self.tasks, values.unbind(-1), strict=True))
        utility = self.utility.evaluate(named)
        worth = torch.where(utility.isnan(), self.floor, utility).expand(values.shape[:-1])
        for constraint, scale in zip(self.constraints, self.scales, strict=True):
            margin = torch.nan_to_num(constraint.evaluate(named), nan=-torch.inf)
            worth = self.floor + (worth - self.floor) * torch.sigmoid(margin * (SHARPNESS / scale))
        return worth
