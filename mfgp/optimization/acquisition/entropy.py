"""Entropy: which measurement tells most of the largest value of the objective, for its cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from botorch.acquisition.cost_aware import GenericCostAwareUtility
from botorch.acquisition.max_value_entropy_search import qMultiFidelityMaxValueEntropy
from botorch.utils.sampling import manual_seed

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.optimization.acquisition.answer import Answer
from mfgp.optimization.acquisition.fidelity import chance_of, explained, places_of_maximum, target_of
from mfgp.optimization.acquisition.needs import require_botorch, require_target
from mfgp.optimization.acquisition.search import Search
from mfgp.optimization.acquisition.view import View
from mfgp.optimization.decision import Decision
from mfgp.optimization.objective import Objective

MAXIMA = 10  # draws of the largest value
VALUES = 128  # draws of what is measured
FANTASIES = 8  # of what is pending


class Entropy:
    """BoTorch's multi-fidelity max-value entropy search (Takeno et al. 2020) of a linear utility, per unit of cost.

    The maxima are drawn at the most probable hyperparameters. What it gains is information and not in the
    objective's unit, so the frame has no gain; "why" tells the information, in nats.
    """

    def require(self, estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
        """Raise ParameterError for what :meth:`choose` cannot do, before there are values."""
        require_botorch("mf_mes", estimator, objectives, constraints)
        require_target("mf_mes", objectives, constraints)

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """The next measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`.

        Raises
        ------
        ParameterError
            There are several objectives or constraints on tasks, the utility is not linear, or the model is none of
            BoTorch's.
        """
        self.require(decision.model, decision.objectives, decision.constraints)
        view = View(decision, "mf_mes")
        model, search, answer = target_of(view), Search(view), Answer(decision.space)
        pending = view.pending_pairs
        with torch.random.fork_rng(), manual_seed(view.seed):
            function = qMultiFidelityMaxValueEntropy(
                model,
                model.at_target(places_of_maximum(view, model)),
                num_fantasies=FANTASIES,
                num_mv_samples=MAXIMA,
                num_y_samples=VALUES,
                cost_aware_utility=GenericCostAwareUtility(lambda X, deltas: deltas),
                project=model.aimed,
            )
            while len(answer) < count:
                function.set_X_pending(pending)
                found = search.best_pair(function)
                if found is None:
                    break
                search.close(found, found.task)
                why = explained(search, function, found, "tells {:.3g} nats of the best value")
                cost, chance = search.cost(found.inputs, found.task), chance_of(view, found)
                answer.add(found, found.task, cost, why, chance=chance)
                new = view.pairs(found.row.unsqueeze(0), [found.task])
                pending = new if pending is None else torch.cat([pending, new])
        return answer.frame(search.inputs.iloc[:0])
