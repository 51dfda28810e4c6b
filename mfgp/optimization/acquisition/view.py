"""Views: a decision in BoTorch's terms, which are tensors, and tasks by number."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import pandas as pd
import torch
from botorch.models.model import Model
from botorch.posteriors.fully_bayesian import MCMC_DIM
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import NumericsError, ParameterError
from mfgp.expressions import Condition, Quantity
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.optimization.acquisition.decoding import decoded
from mfgp.optimization.decision import LEAST_FEASIBLE, Decision
from mfgp.optimization.objective import Objective

NO_NUMBER = (
    "the acquisition function is no number anywhere; an objective such as log(a) has no value where a draw of a is "
    "negative: write log(maximum(a, 1e-6))"
)


@dataclass(frozen=True, eq=False)
class View:
    """What BoTorch's acquisition functions have to know of a decision.

    Parameters
    ----------
    decision
        What is known.
    name
        Of the acquisition, for messages.

    Raises
    ------
    ParameterError
        A task of an objective or a constraint turned out to hold labels.
    """

    decision: Decision
    name: str

    def __post_init__(self) -> None:
        labels = [self.estimator._tasks.names[place] for place in self.estimator._tasks.labels]
        asked = [task for task in self.needed if task in labels]
        if asked:
            raise ParameterError(
                f"{self.name!r} is for numbers, but {listed(asked)} holds labels; leave it out of the objective and "
                "the constraints, or take acquisition='random'"
            )

    @property
    def estimator(self) -> Regressor:
        """The fitted estimator."""
        return self.decision.model

    @property
    def maximum(self) -> TaskGP:
        """The model at the most probable hyperparameters."""
        return self.estimator.model_

    @property
    def objective(self) -> Objective:
        """The only objective."""
        (objective,) = self.decision.objectives
        return objective

    @cached_property
    def aims(self) -> tuple[Hashable, ...]:
        """The tasks of the objectives."""
        return tuple(dict.fromkeys(task for each in self.decision.objectives for task in each.utility.tasks))

    @cached_property
    def needed(self) -> tuple[Hashable, ...]:
        """The tasks of the objectives and of the constraints: what has to be measured to know both."""
        return tuple(dict.fromkeys([*self.aims, *(task for each in self.decision.constraints for task in each.tasks)]))

    @property
    def feasible(self) -> Condition | None:
        """All constraints together; None if there are none."""
        constraints = self.decision.constraints
        return reduce(lambda left, right: left & right, constraints) if constraints else None

    @cached_property
    def outputs(self) -> tuple[Hashable, ...]:
        """What the outputs of `model` are."""
        return tuple(self._latents) if self.is_ensemble else self.needed

    @property
    def is_ensemble(self) -> bool:
        """Whether predictions are averages over the hyperparameters."""
        return isinstance(self.estimator.predictive_model_, TaskGPEnsemble)

    @property
    def mixed(self) -> dict[str, int]:
        """What acquisition functions of draws have to be told of an average over the hyperparameters."""
        return {"marginalize_dim": MCMC_DIM} if self.is_ensemble else {}

    @property
    def seed(self) -> int:
        """Of all draws of this decision."""
        return self.decision.random_state

    @cached_property
    def model(self) -> Model:
        """The model that predicts, of rows without a task."""
        model = self.estimator.predictive_model_
        return model if self.is_ensemble else model.subset_output([self.number(task) for task in self.needed])

    def number(self, task: Hashable) -> int:
        """The number that stands for a task in the last column of rows."""
        return self._latents.index(task)

    def rows(self, inputs: pd.DataFrame) -> Tensor:
        """Inputs (n, d) as the model reads them."""
        return self.estimator._tensor(self.estimator._read(inputs[list(self.decision.space.columns)])[0])

    def pairs(self, rows: Tensor, tasks: Sequence[Hashable]) -> Tensor:
        """Rows (n, d) with their tasks: (n, d + 1)."""
        numbers = torch.tensor([self.number(task) for task in tasks], dtype=torch.float64).to(rows)
        return torch.cat([rows, numbers.unsqueeze(-1)], dim=-1)

    @cached_property
    def measured(self) -> Tensor:
        """(m, d) different rows of the space at which all tasks of the objectives are measured.

        If there are none, rows of the space at which any task is, and if there are none either, rows outside.
        """
        known = self.maximum.train_inputs[0].detach()
        rows, place = known[:, :-1].unique(dim=0, return_inverse=True)
        there = torch.zeros(len(rows), len(self._latents), dtype=torch.bool, device=rows.device)
        there[place, known[:, -1].long()] = True
        whole, inside = there[:, [self.number(task) for task in self.aims]].all(-1), self.contains(rows)
        return next((rows[kept] for kept in (whole & inside, inside) if bool(kept.any())), rows)

    @cached_property
    def measured_inputs(self) -> pd.DataFrame:
        """The same rows as a frame."""
        return decoded(self.estimator, self.measured)

    def contains(self, rows: Tensor) -> Tensor:
        """Whether rows (n, d) are candidates of the pool, or points of the box, or a rounding away from one."""
        return torch.from_numpy(self.decision.space.contains(decoded(self.estimator, rows))).to(rows.device)

    @cached_property
    def pending(self) -> Tensor | None:
        """(p, d) rows at which a task of the objectives was asked for; None if there are none."""
        asked = self.decision.pending
        rows = asked[asked["task"].isin(list(self.aims))]
        return self.rows(rows).unique(dim=0) if len(rows) else None

    @cached_property
    def pending_pairs(self) -> Tensor | None:
        """(p, d + 1) rows and tasks that were asked for; None if there are none."""
        asked = self.decision.pending
        return self.pairs(self.rows(asked), asked["task"].tolist()) if len(asked) else None

    def best(self, utility: Quantity) -> float:
        """The incumbent's: the largest expected utility at the measured rows that are likely to be feasible.

        If none is, a value below that of all measured rows, so that whatever is feasible improves on it.
        """
        prediction = self.estimator.predict_distribution(self.measured_inputs)
        found = prediction.of(utility)
        means = found.mean.dropna().to_numpy()
        if not len(means):
            raise NumericsError(NO_NUMBER)
        if self.feasible is None:
            return float(means.max())
        likely = prediction.of(self.feasible).probability.to_numpy()[found.mean.notna()] >= LEAST_FEASIBLE
        if likely.any():
            return float(means[likely].max())
        return float(means.min() - np.ptp(means) - found.std.max())

    def chance(self, inputs: pd.DataFrame, utility: Quantity, best: float) -> float:
        """Probability that a row (1, d) has a larger utility than the incumbent, and meets the constraints."""
        improved = utility > best
        event = improved if self.feasible is None else improved & self.feasible
        return float(self.estimator.predict_distribution(inputs).of(event).probability.iloc[0])

    @property
    def _latents(self) -> list[Hashable]:
        return list(self.estimator._tasks.latents)
