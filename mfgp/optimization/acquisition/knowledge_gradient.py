"""Knowledge gradient: which measurement raises the best expected value of the objective by most, for its cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from botorch.acquisition import AcquisitionFunction
from botorch.acquisition.analytic import _log_ei_helper as log_h
from botorch.acquisition.knowledge_gradient import qMultiFidelityKnowledgeGradient
from botorch.posteriors import Posterior
from botorch.sampling.normal import NormalMCSampler
from botorch.utils.transforms import t_batch_mode_transform
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.expressions import Condition
from mfgp.optimization.acquisition.answer import Answer
from mfgp.optimization.acquisition.fidelity import chance_of, explained, places_of_maximum, shortlist, target_of
from mfgp.optimization.acquisition.needs import require_botorch, require_target
from mfgp.optimization.acquisition.search import Search
from mfgp.optimization.acquisition.target_model import TargetModel
from mfgp.optimization.acquisition.view import View
from mfgp.optimization.decision import Decision
from mfgp.optimization.objective import Objective

FANTASIES = 32


class KnowledgeGradient:
    """BoTorch's multi-fidelity knowledge gradient (Wu et al. 2019) of a linear utility, per unit of cost.

    After each fantasy of a measurement, the best row is looked for among the candidates of a pool, or among points and
    measured rows of a box. The gain is divided by the cost once it is averaged over fantasies: inside BoTorch's
    acquisition function, ``InverseCostWeightedUtility`` divides each fantasy's gain but multiplies each loss, so that a
    task looks the better the cheaper it is, whatever it tells. What is pending counts as measured with the value that
    is expected, as fantasies of it would gain something themselves. It is at the most probable hyperparameters.
    """

    def require(self, estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
        """Raise ParameterError for what :meth:`choose` cannot do, before there are values."""
        require_botorch("mf_kg", estimator, objectives, constraints)
        require_target("mf_kg", objectives, constraints)

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """The next measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`.

        Raises
        ------
        ParameterError
            There are several objectives or constraints on tasks, the utility is not linear, or the model is none of
            BoTorch's.
        """
        self.require(decision.model, decision.objectives, decision.constraints)
        view = View(decision, "mf_kg")
        model, answer = target_of(view), Answer(decision.space)
        search, places = Search(view, shortlist(view, model)), places_of_maximum(view, model)
        if view.pending_pairs is not None:
            model = model.expecting(view.pending_pairs)
        while len(answer) < count:
            function = DiscreteKnowledgeGradient(model, places)
            found = search.best_pair(function)
            if found is None:
                break
            search.close(found, found.task)
            why = explained(search, function, found, "raises the best expected value by {:.3g}", model.scale)
            cost, gain = search.cost(found.inputs, found.task), model.scale * found.value
            answer.add(found, found.task, cost, why, gain, chance_of(view, found))
            model = model.expecting(view.pairs(found.row.unsqueeze(0), [found.task]))
        return answer.frame(search.inputs.iloc[:0])


class Quantiles(NormalMCSampler):
    """Quantiles of one standard normal in place of draws: their mean is zero, so no expected gain is negative."""

    def _construct_base_samples(self, posterior: Posterior) -> None:
        count = self.sample_shape[0]
        shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        quantiles = torch.special.ndtri(shares)
        quantiles = quantiles / quantiles.square().mean().sqrt()
        shape = self._get_collapsed_shape(posterior=posterior)
        self.base_samples = quantiles.to(posterior.device).view(-1, *[1] * (len(shape) - 1))


class DiscreteKnowledgeGradient(AcquisitionFunction):
    """BoTorch's knowledge gradient of pairs (b, 1, d + 1), its inner maximum taken over given rows.

    Parameters
    ----------
    model
        With the target.
    places
        (m, d) rows that the target's mean is maximised over.
    """

    def __init__(self, model: TargetModel, places: Tensor) -> None:
        super().__init__(model)
        self.places = model.at_target(places)
        with torch.no_grad():
            current = model.posterior(self.places).mean.max()
        self.whole = qMultiFidelityKnowledgeGradient(
            model,
            num_fantasies=FANTASIES,
            sampler=Quantiles(torch.Size([FANTASIES])),
            current_value=current,
            project=model.aimed,
        )

    @t_batch_mode_transform(expected_q=1)  # type: ignore[untyped-decorator]
    def forward(self, X: Tensor) -> Tensor:
        """Expected gain (b,) of the largest mean, in the target's unit."""
        best, least = self._after(X)
        return torch.maximum(self.whole(torch.cat([X, best], dim=-2)), least)

    @torch.no_grad()
    def _after(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Where the mean is largest after each fantasy of pairs (b, 1, d + 1): (b, fantasies, d + 1); least gains (b,).

        The least gain is that of a choice between two places only, where the mean is largest now and any other. It is
        in closed form (Frazier et al. 2009), so it tells small gains apart, which no fantasy sees.
        """
        count, sampler = len(self.places), self.whole.sampler
        measured = self.model.posterior(X, observation_noise=True)
        sampler(measured)
        joint = self.model.posterior(torch.cat([self.places, X.squeeze(-2)])).distribution
        mean, slopes = joint.mean[:count], joint.covariance_matrix[:count, count:] / measured.variance.flatten().sqrt()
        means = mean[:, None, None] + slopes.unsqueeze(-1) * sampler.base_samples.flatten()
        now = mean.argmax()
        width = (slopes - slopes[now]).abs().clamp_min(1e-150)
        least = (log_h((mean - mean[now]).unsqueeze(-1) / width) + width.log()).exp().amax(0)
        return self.places[means.argmax(0)], least
