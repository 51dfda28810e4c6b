"""Improvement: where the objective is expected to exceed the incumbent by most."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import torch
from botorch.acquisition import (
    AcquisitionFunction,
    LogExpectedImprovement,
    qLogExpectedImprovement,
    qLogNoisyExpectedImprovement,
)
from botorch.sampling import SobolQMCNormalSampler
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.optimization.acquisition.answer import Answer
from mfgp.optimization.acquisition.needs import require_botorch, require_one
from mfgp.optimization.acquisition.search import Search
from mfgp.optimization.acquisition.view import View
from mfgp.optimization.decision import Decision
from mfgp.optimization.objective import Objective

DRAWS = 256


class Improvement:
    """BoTorch's log expected improvement of the utility, which measures the tasks of the objective and no other.

    Tasks of constraints count as tasks of the objective. The incumbent is the largest expected utility at the rows at
    which the objective is measured, among those that are likely to meet the constraints. Where the utility is linear,
    there is no constraint and nothing is pending, it is in closed form (Ament et al. 2023); else draws of all outcomes
    together stand for it, at the constraints and at what is pending too. Costs do not matter.

    Parameters
    ----------
    noisy
        Compare with what the utility may be at all measured rows, by draws, and not with one incumbent (Balandat et al.
        2020).
    """

    def __init__(self, noisy: bool = False) -> None:
        self.noisy = noisy

    def require(self, estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
        """Raise ParameterError for what :meth:`choose` cannot do, before there are values."""
        name = "log_nei" if self.noisy else "log_ei"
        require_botorch(name, estimator, objectives, constraints)
        require_one(name, objectives)

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """The next measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`.

        Raises
        ------
        ParameterError
            There are several objectives, they are labels, or the model is none of BoTorch's.
        """
        self.require(decision.model, decision.objectives, decision.constraints)
        view = View(decision, "log_nei" if self.noisy else "log_ei")
        objective = view.objective
        search, answer, pending = Search(view), Answer(decision.space), view.pending
        best = view.best(objective.utility)
        while len(answer) < count:
            function = self._function(view, best, pending)
            found = search.best_row(function, view.needed)
            if found is None:
                break
            chance = view.chance(found.inputs, objective.utility, best)
            gain = math.exp(found.value) - self._without(function, pending)
            why = (
                f"{objective!r} is expected to gain {gain:.3g} here on what is known, and with a probability of "
                f"{chance:.2g} it is better than the best of the measured rows, {best:.4g} in utility"
            )
            for task in view.needed:
                if len(answer) < count and search.close(found, task):
                    answer.add(found, task, search.cost(found.inputs, task), why, gain, chance)
            pending = found.row.unsqueeze(0) if pending is None else torch.cat([pending, found.row.unsqueeze(0)])
        return answer.frame(search.inputs.iloc[:0])

    def _function(self, view: View, best: float, pending: Tensor | None) -> AcquisitionFunction:
        utility, constraints = view.objective.utility, view.decision.constraints
        if not self.noisy and pending is None and not constraints and utility.linear() is not None:
            return LogExpectedImprovement(
                view.model, best_f=best, posterior_transform=utility.posterior_transform(view.outputs)
            )
        options = {
            "objective": utility.objective(view.outputs),
            "constraints": [condition.constraint(view.outputs) for condition in constraints] or None,
            "sampler": SobolQMCNormalSampler(torch.Size([DRAWS]), seed=view.seed),
            "X_pending": pending,
        }
        if not self.noisy:
            return qLogExpectedImprovement(view.model, best_f=best, **options)
        return qLogNoisyExpectedImprovement(
            view.model, X_baseline=view.measured, prune_baseline=True, cache_root=False, **view.mixed, **options
        )

    @torch.no_grad()
    def _without(self, function: AcquisitionFunction, pending: Tensor | None) -> float:
        """What is pending gains by itself, where the function counts it in."""
        if self.noisy or pending is None:
            return 0.0
        function.set_X_pending(None)
        return math.exp(function(pending.unsqueeze(0)).item())
