"""What is known when measurements are chosen: models, what candidates are worth, and which may be the best."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mfgp.expressions import Quantity, minimum
from mfgp.inference import ExactPosterior
from mfgp.kernels.stationary import row_keys
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.optimization.acquisition.decoding import decoded
from mfgp.optimization.acquisition.effort import Effort
from mfgp.optimization.acquisition.foresight import Foresight, in_units, standardized
from mfgp.optimization.acquisition.gain import expected_worth
from mfgp.optimization.acquisition.worth import Worth
from mfgp.optimization.box import Box
from mfgp.optimization.decision import Decision

LIKELY = 2048  # inputs among which the rivals are found
DRAWS = 64
RIVALS = 64
OPTIMISM = 2.0  # deviations above the mean
AUGMENTATION = 0.05  # of the Chebyshev utility, by the sum of all (Knowles 2006)


class Gains(NamedTuple):
    """Gain and chance (n, T) of measuring each task that can be measured at n inputs."""

    gain: np.ndarray
    chance: np.ndarray


class Foreseen(NamedTuple):
    """What each model foresees, the places of the tasks that can be measured, and what completes which inputs."""

    by_model: Sequence[Foresight]
    measurable: Sequence[int]
    completes: Callable[[Tensor], Tensor]

    def gains(self, inputs: Tensor) -> Gains:
        """Of measuring each task at inputs (n, d), averaged over the models."""
        completes = self.completes(inputs)
        found = [foresight.at(inputs, completes) for foresight in self.by_model]
        gain, chance = (torch.stack(part).mean(0).cpu().numpy() for part in zip(*found, strict=True))
        return Gains(gain[:, self.measurable], chance[:, self.measurable])

    def gain_along(self, inputs: Tensor, task: Tensor) -> Tensor:
        """The gain (n,) of a task (n,) of those that can be measured, differentiable in the inputs (n, d)."""
        place = torch.tensor(self.measurable).to(task.device)[task].unsqueeze(-1)
        completes = self.completes(inputs)
        found = [foresight.along(inputs, completes).gather(1, place).squeeze(-1) for foresight in self.by_model]
        return torch.stack(found).mean(0)


@dataclass(frozen=True, eq=False)
class Outlook:
    """Models that count alike, each with what is pending taken to come out as predicted.

    Parameters
    ----------
    decision
        What is to be decided.
    models
        One, or one for each draw of the hyperparameters.
    """

    decision: Decision
    models: Sequence[TaskGP]

    @classmethod
    def of(cls, decision: Decision) -> Outlook:
        """The outlook of a decision that meets :func:`~mfgp.optimization.acquisition.needs.require_gains`."""
        found = decision.model.predictive_model_
        outlook = cls(decision, found.members if isinstance(found, TaskGPEnsemble) else [found])
        if not len(decision.pending):
            return outlook
        inputs = outlook.encode(decision.pending.drop(columns="task"))
        return outlook.as_predicted(inputs, decision.pending["task"].tolist())

    @property
    def tasks(self) -> tuple[Hashable, ...]:
        """The model's T tasks."""
        return tuple(self.decision.model.tasks_)

    @property
    def measurable(self) -> list[int]:
        """Places of the tasks that can be measured."""
        return [self.tasks.index(task) for task in self.decision.tasks]

    def encode(self, rows: pd.DataFrame) -> Tensor:
        """Rows as inputs (n, d) of the models."""
        model = self.decision.model
        return model._tensor(model._read(rows)[0])

    def as_predicted(self, inputs: Tensor, tasks: Sequence[Hashable]) -> Self:
        """The outlook with measurements that come out as predicted: means stay, deviations shrink."""
        place = torch.tensor([self.tasks.index(task) for task in tasks]).unsqueeze(-1)
        rows = torch.cat([inputs, place.to(inputs)], dim=-1)
        models = [
            model.condition_on_observations(rows, model.mean(inputs).gather(1, place.to(inputs.device)))
            for model in self.models
        ]
        return replace(self, models=models)

    def mean(self, inputs: Tensor) -> Tensor:
        """Means (n, T) at inputs (n, d)."""
        return torch.stack([model.mean(inputs) for model in self.models]).mean(0)

    def worth(self, means: Tensor, rng: np.random.Generator) -> Worth:
        """What a candidate is worth, in scales of what is predicted somewhere, means (n, T)."""
        named = dict(zip(self.tasks, means.unbind(-1), strict=True))
        utility = self._utility(named, rng)
        values = utility.evaluate(named)
        constraints = self.decision.constraints
        scales = [_spread(constraint.evaluate(named)) for constraint in constraints]
        finite = values[values.isfinite()]
        floor = finite.min().item() if len(finite) else 0.0
        return Worth(utility, constraints, self.tasks, scales, floor, _spread(values))

    def rivals(self, worth: Worth, inputs: Tensor, means: Tensor, rng: np.random.Generator) -> np.ndarray:
        """Places of inputs (n, d) that may be the best: the one with the largest expected worth, then by optimism.

        Of many inputs, those with the best means (n, T) are looked at, and as many others.
        """
        if not len(inputs):
            return np.array([], dtype=int)
        some = np.arange(len(inputs))
        if len(inputs) > 2 * LIKELY:
            leading = worth.at(means[:, worth.places]).topk(LIKELY).indices.cpu().numpy()
            some = np.union1d(leading, rng.choice(len(inputs), LIKELY, replace=False))
        with torch.no_grad():
            levels, deviations = self._expected(worth, inputs[some])
        optimistic = (levels + OPTIMISM * deviations).topk(min(RIVALS, len(some))).indices.tolist()
        return some[list(dict.fromkeys([int(levels.argmax()), *optimistic]))]

    def optimistic(self, worth: Worth, inputs: Tensor, deviations: Tensor) -> Tensor:
        """Expected worth (n,) and so many deviations (n,), differentiable in the inputs (n, d)."""
        level, deviation = self._expected(worth, inputs)
        return level + deviations * deviation

    def foresee(self, worth: Worth, rivals: Tensor, measured: Tensor, effort: Effort) -> Foreseen:
        """What measurements would tell of rivals (m, d), which may be the best, and of those (r, d) that are measured.

        The most promising come first.
        """
        some = rivals[: effort.rivals], measured[: effort.rivals]
        by_model = [Foresight(model, worth, *some, effort.fineness) for model in self.models]
        return Foreseen(by_model, self.measurable, partial(self.completes, worth))

    def measured(self, worth: Worth, inputs: Tensor, means: Tensor, rng: np.random.Generator) -> Tensor:
        """(r, d) those of inputs (n, d), with means (n, T), at which all is known that :meth:`completes` asks for.

        The most promising come first.
        """
        wanted = self.wanted(worth)
        if not wanted.any():
            return inputs[:0]
        known = np.flatnonzero(self._known(inputs)[:, wanted].all(-1).cpu().numpy())
        return inputs[known[self.rivals(worth, inputs[known], means[known], rng)]]

    def completes(self, worth: Worth, inputs: Tensor) -> Tensor:
        """(n, T) whether with a measurement of each of the model's tasks at inputs (n, d) their worth is measured.

        That is where all others that the worth depends on, and that can be measured, are known.
        """
        wanted = self.wanted(worth)
        found = torch.zeros(len(inputs), len(self.tasks), dtype=torch.bool, device=inputs.device)
        places = np.array(self.measurable)[wanted]
        if wanted.sum() == 1:
            found[:, places] = True
        else:
            missing = (~self._known(inputs)[:, wanted]).long()
            found[:, places] = missing.sum(-1, keepdim=True) == missing
        return found

    def wanted(self, worth: Worth) -> np.ndarray:
        """(T,) whether the worth depends on each of the tasks that can be measured."""
        return np.array([task in worth.tasks for task in self.decision.tasks])

    def known_rows(self, box: Box, task: Hashable | None = None) -> pd.DataFrame:
        """The rows of a box that were learned from, or taken as predicted, of one task or all; not those outside it."""
        seen = self.models[0].train_inputs[0]
        chosen = seen if task is None else seen[seen[:, -1] == self.tasks.index(task)]
        rows = decoded(self.decision.model, chosen[:, :-1].unique(dim=0))
        return rows[box.contains(rows)]

    @cached_property
    def _posteriors(self) -> list[ExactPosterior]:
        """Of the models: each looks through all its parameters whenever it is asked for its posterior."""
        return [model.exact_posterior for model in self.models]

    def _known(self, inputs: Tensor) -> Tensor:
        """(n, tasks) whether each task that can be measured is learned from, or taken as predicted, at inputs."""
        seen = self.models[0].train_inputs[0]
        keys, own = row_keys(seen[:, :-1]), row_keys(inputs)
        return torch.stack([torch.isin(own, keys[seen[:, -1] == place]) for place in self.measurable], dim=-1)

    def _expected(self, worth: Worth, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Means (n,) and deviations (n,) of the worth, averaged over the models."""
        found = []
        for model, exact in zip(self.models, self._posteriors, strict=True):
            x = standardized(model, inputs)
            joint = exact.along(x) if x.requires_grad else exact.joint(x)
            found.append(expected_worth(worth, *in_units(model, joint, worth.places), DRAWS))
        level, deviation = (torch.stack(part).mean(0) for part in zip(*found, strict=True))
        return level, deviation

    def _utility(self, means: dict[Hashable, Tensor], rng: np.random.Generator) -> Quantity:
        """The one objective's utility; of several a weighted Chebyshev utility, each in the range of its means."""
        utilities = [objective.utility for objective in self.decision.objectives]
        if len(utilities) == 1:
            return utilities[0]
        terms: list[Quantity] = []
        for utility, weight in zip(utilities, rng.dirichlet(np.ones(len(utilities))), strict=True):
            values = utility.evaluate(means)
            best, worst = values.max().item(), values.min().item()
            terms.append((utility - best) * (float(weight) / max(best - worst, torch.finfo(values.dtype).tiny)))
        return minimum(*terms) + AUGMENTATION * sum(terms[1:], terms[0])


def _spread(values: Tensor) -> float:
    finite = values[values.isfinite()]
    spread = finite.std().item() if len(finite) > 1 else 0.0
    return max(spread, torch.finfo(values.dtype).tiny)
