"""The expected gain per cost: the package's own acquisition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.optimization.acquisition.in_box import choose_in_box
from mfgp.optimization.acquisition.in_pool import choose_in_pool
from mfgp.optimization.acquisition.needs import require_gains
from mfgp.optimization.acquisition.outlook import Outlook
from mfgp.optimization.decision import Decision
from mfgp.optimization.objective import Objective
from mfgp.optimization.pool import Pool


class ExpectedGain:
    """The measurement that gains the most expected utility per unit of cost.

    One that completes its candidate, since all other tasks that the utility depends on are known there, may show it to
    be better than all that are measured. It gains by how much the best expected utility among these and the candidate
    is expected to exceed the best among these: the knowledge gradient over what is measured of Scott, Frazier & Powell
    (2011, SIAM J. Optim. 21, 996), without noise the expected improvement. Any other only informs. It gains by how much
    the best expected utility of all candidates is expected to rise: the knowledge gradient of Frazier, Powell & Dayanik
    (2009, INFORMS J. Comput. 21, 599), for several fidelities Wu et al. (2020, UAI, PMLR 115, 788). The best is never a
    value of another task. The gain is in closed form where the utility is linear in the tasks and nothing that is
    learned constrains it. Several measurements are chosen one after the other, each as if those before it, and those
    pending, had come out as predicted.

    Of several objectives, a measurement gains in one weighted Chebyshev utility, whose weights are drawn anew each time
    (Knowles 2006, IEEE Trans. Evol. Comput. 10, 50).
    """

    def require(self, estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
        """Raise ParameterError for what :meth:`choose` cannot do, before there are values."""
        require_gains(estimator, objectives, constraints)

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """Choose so many measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`.

        Raises
        ------
        ParameterError
            The model has no covariance between rows, or the objective or a constraint asks a label for its class.
        """
        self.require(decision.model, decision.objectives, decision.constraints)
        outlook, rng = Outlook.of(decision), np.random.default_rng(decision.random_state)
        if isinstance(decision.space, Pool):
            return choose_in_pool(decision.space, outlook, count, rng)
        return choose_in_box(decision.space, outlook, count, rng)
