"""Hypervolume: where several objectives are expected to push their Pareto front out by most."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from botorch.acquisition.multi_objective import MCMultiOutputObjective
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.sampling import SobolQMCNormalSampler
from botorch.utils.multi_objective.hypervolume import infer_reference_point
from botorch.utils.multi_objective.pareto import is_non_dominated
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.expressions.objective import ExpressionObjective
from mfgp.optimization.acquisition.answer import Answer
from mfgp.optimization.acquisition.needs import require_botorch, require_several
from mfgp.optimization.acquisition.search import Search
from mfgp.optimization.acquisition.view import View
from mfgp.optimization.decision import Decision
from mfgp.optimization.objective import Objective

DRAWS = 128


class Utilities(MCMultiOutputObjective):
    """Several quantities at samples of a model's outputs.

    Parameters
    ----------
    quantities
        m of them, each of the same outputs.
    """

    def __init__(self, quantities: Sequence[ExpressionObjective]) -> None:
        super().__init__()
        self.quantities = torch.nn.ModuleList(quantities)

    def forward(self, samples: Tensor, X: Tensor | None = None) -> Tensor:
        """Samples (..., q, outputs) to values (..., q, m)."""
        return torch.stack([quantity(samples, X) for quantity in self.quantities], dim=-1)


class Hypervolume:
    """BoTorch's log noisy expected hypervolume improvement (Daulton et al. 2021; Ament et al. 2023) of the utilities.

    It measures the tasks of the objectives and constraints, whatever they cost. The reference point is what the
    objectives say, and for those that say none it is inferred from the expected utilities at the measured rows
    (Ishibuchi et al. 2011). BoTorch compiles a part of it at its first use, which takes a minute or two.
    """

    def require(self, estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
        """Raise ParameterError for what :meth:`choose` cannot do, before there are values."""
        require_botorch("log_nehvi", estimator, objectives, constraints)
        require_several("log_nehvi", objectives)

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """The next measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`.

        Raises
        ------
        ParameterError
            There is one objective only, one is a label, or the model is none of BoTorch's.
        """
        self.require(decision.model, decision.objectives, decision.constraints)
        view = View(decision, "log_nehvi")
        search, answer, pending = Search(view), Answer(decision.space), view.pending
        reference = reference_point(view)
        while len(answer) < count:
            found = search.best_row(self._function(view, reference, pending), view.needed)
            if found is None:
                break
            gain = math.exp(found.value)
            aims = ", ".join(map(repr, decision.objectives))
            why = f"the front of {aims} is expected to gain {gain:.3g} in volume here"
            for task in view.needed:
                if len(answer) < count and search.close(found, task):
                    answer.add(found, task, search.cost(found.inputs, task), why, gain)
            pending = found.row.unsqueeze(0) if pending is None else torch.cat([pending, found.row.unsqueeze(0)])
        return answer.frame(search.inputs.iloc[:0])

    def _function(
        self, view: View, reference: Tensor, pending: Tensor | None
    ) -> qLogNoisyExpectedHypervolumeImprovement:
        decision = view.decision
        return qLogNoisyExpectedHypervolumeImprovement(
            view.model,
            ref_point=reference,
            X_baseline=view.measured,
            objective=Utilities([each.utility.objective(view.outputs) for each in decision.objectives]),
            constraints=[condition.constraint(view.outputs) for condition in decision.constraints] or None,
            sampler=SobolQMCNormalSampler(torch.Size([DRAWS]), seed=view.seed),
            X_pending=pending,
            prune_baseline=True,
            cache_root=False,
            **view.mixed,
        )


def reference_point(view: View) -> Tensor:
    """(m,) the utilities that the volume is measured from."""
    objectives = view.decision.objectives
    prediction = view.estimator.predict_distribution(view.measured_inputs)
    means = torch.from_numpy(np.column_stack([prediction.of(each.utility).mean for each in objectives]))
    inferred = infer_reference_point(means[is_non_dominated(means)])
    said = [each.reference_utility for each in objectives]
    return torch.tensor(
        [found if given is None else given for given, found in zip(said, inferred.tolist(), strict=True)],
        dtype=torch.float64,
    ).to(means)
