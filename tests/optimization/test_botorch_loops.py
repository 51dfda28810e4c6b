"""TaskGP in the loops that BoTorch's tutorials write for SingleTaskMultiFidelityGP and MultiTaskGP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from botorch.acquisition import (
    AcquisitionFunction,
    PosteriorMean,
    qLogExpectedImprovement,
    qLogNoisyExpectedImprovement,
)
from botorch.acquisition.cost_aware import InverseCostWeightedUtility
from botorch.acquisition.fixed_feature import FixedFeatureAcquisitionFunction
from botorch.acquisition.knowledge_gradient import qMultiFidelityKnowledgeGradient
from botorch.acquisition.max_value_entropy_search import qMaxValueEntropy, qMultiFidelityMaxValueEntropy
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.utils import project_to_target_fidelity
from botorch.fit import fit_gpytorch_mll
from botorch.models.cost import AffineFidelityCostModel
from botorch.models.model import Model
from botorch.models.transforms.input import Normalize
from botorch.optim import optimize_acqf, optimize_acqf_discrete, optimize_acqf_mixed
from botorch.optim.initializers import gen_one_shot_kg_initial_conditions
from botorch.sampling import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from mfgp import TaskGP
from mfgp.errors import DataError, ParameterError

FIDELITIES = [0.5, 1.0]
TARGET = {1: 1.0}
BOUNDS = torch.tensor([[0.0, 0.0], [1.0, 1.0]]).double()
BEST, BEST_VALUE = 0.757249, 6.020740


def forrester(rows: Tensor) -> Tensor:
    """Forrester's function, negative so that its best value is a maximum, with a trend that fades with the fidelity."""
    x, fidelity = rows[..., :1], rows[..., 1:]
    return -((6 * x - 2) ** 2 * torch.sin(12 * x - 4)) - 4 * (1 - fidelity) * (x - 0.5)


def start(low: int = 10, high: int = 4) -> tuple[Tensor, Tensor]:
    grids = [torch.linspace(0.02, 0.98, count).double().unsqueeze(-1) for count in (low, high)]
    rows = torch.cat([with_task(x, fidelity) for x, fidelity in zip(grids, FIDELITIES, strict=True)])
    return rows, forrester(rows)


def with_task(x: Tensor, task: float) -> Tensor:
    return torch.cat([x, torch.full_like(x, task)], dim=-1)


def fitted(rows: Tensor, values: Tensor, **options: object) -> TaskGP:
    """The one line of the multi-fidelity tutorials that differs, and the fit as they write it."""
    model = TaskGP(rows, values, **({"all_tasks": FIDELITIES, "output_tasks": [1.0]} | options))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def project(rows: Tensor) -> Tensor:
    return project_to_target_fidelity(rows, target_fidelities=TARGET, d=2)


def utility(low: float = 0.1) -> InverseCostWeightedUtility:
    """A measurement at fidelity 0.5 costs `low`, at 1 it costs 1."""
    slope = (1.0 - low) / 0.5
    return InverseCostWeightedUtility(AffineFidelityCostModel({1: slope}, fixed_cost=1.0 - slope).double())


def best_mean(model: Model) -> tuple[Tensor, Tensor]:
    """Where the posterior mean at the target fidelity is largest."""
    mean = FixedFeatureAcquisitionFunction(PosteriorMean(model), d=2, columns=[1], values=[1])
    return optimize_acqf(mean, BOUNDS[:, :-1], q=1, num_restarts=3, raw_samples=32)


def knowledge_gradient(model: Model, fantasies: int = 4) -> qMultiFidelityKnowledgeGradient:
    return qMultiFidelityKnowledgeGradient(
        model,
        num_fantasies=fantasies,
        current_value=best_mean(model)[1],
        cost_aware_utility=utility(),
        project=project,
    )


def entropy(model: Model, low: float = 0.1, **options: object) -> qMultiFidelityMaxValueEntropy:
    grid = torch.cat([torch.linspace(0, 1, 40).double().unsqueeze(-1), torch.rand(40, 1).double()], dim=-1)
    return qMultiFidelityMaxValueEntropy(model, grid, cost_aware_utility=utility(low), project=project, **options)


def over_fidelities(acquisition: AcquisitionFunction, q: int = 1) -> Tensor:
    candidates, _ = optimize_acqf_mixed(
        acquisition,
        bounds=BOUNDS,
        fixed_features_list=[{1: fidelity} for fidelity in FIDELITIES],
        q=q,
        num_restarts=2,
        raw_samples=8,
        options={"batch_limit": 5, "maxiter": 15},
    )
    return candidates.detach()


# The loops.


@pytest.mark.parametrize("acquire", [knowledge_gradient, entropy])
def test_a_multi_fidelity_loop(acquire: Callable[[Model], AcquisitionFunction]) -> None:
    torch.manual_seed(0)
    rows, values = start()
    for _ in range(2):
        new = over_fidelities(acquire(fitted(rows, values)))
        assert new[0, 1].item() in FIDELITIES
        rows, values = torch.cat([rows, new]), torch.cat([values, forrester(new)])
    recommended, _ = best_mean(fitted(rows, values))
    assert forrester(with_task(recommended, 1.0)).item() > 0.95 * BEST_VALUE


@pytest.mark.parametrize("noisy", [False, True], ids=["qLogEI", "qLogNEI"])
def test_a_multi_task_loop(noisy: bool) -> None:
    torch.manual_seed(0)
    low, x = torch.linspace(0, 1, 10).double().unsqueeze(-1), torch.tensor([[0.1], [0.5], [0.95]]).double()
    for _ in range(4):
        rows = torch.cat([with_task(low, 0), with_task(x, 1)])
        high = forrester(with_task(x, 1.0))
        model = TaskGP(rows, torch.cat([forrester(with_task(low, 0.5)), high]), task_feature=-1, output_tasks=[1])
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = (
            qLogNoisyExpectedImprovement(model, X_baseline=x)
            if noisy
            else qLogExpectedImprovement(model, best_f=high.max())
        )
        new, _ = optimize_acqf(acquisition, BOUNDS[:, :1], q=1, num_restarts=2, raw_samples=16)
        x = torch.cat([x, new])
    assert forrester(with_task(x, 1.0)).max().item() > 0.98 * BEST_VALUE


def test_a_loop_over_two_objectives() -> None:
    """Two tasks are maximised: the best of one is at 0.2, of the other at 0.6, and all between is optimal."""
    torch.manual_seed(0)
    x = torch.tensor([[0.0], [0.1], [0.9], [1.0]]).double()
    for _ in range(3):
        rows = torch.cat([with_task(x, 0), with_task(x, 1)])
        model = TaskGP(rows, torch.cat([-((x - 0.2) ** 2), -((x - 0.6) ** 2)]), task_feature=-1)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = qLogNoisyExpectedHypervolumeImprovement(model, ref_point=[-0.5, -0.5], X_baseline=x)
        new, _ = optimize_acqf(acquisition, BOUNDS[:, :1], q=1, num_restarts=2, raw_samples=16)
        x = torch.cat([x, new])
    assert ((x[4:] > 0.15) & (x[4:] < 0.65)).all()
    assert x[4:].std().item() > 0.05


# What the loops rest on.


@pytest.fixture(scope="module")
def model() -> TaskGP:
    return fitted(*start())


def numbered(rows: Tensor) -> Tensor:
    return torch.cat([rows[..., :-1], (rows[..., -1:] == 1.0).double()], dim=-1)


def test_fidelities_are_tasks_by_another_name(model: TaskGP) -> None:
    rows, values = start()
    index = fitted(numbered(rows), values, all_tasks=None, output_tasks=[1])
    x, new = torch.linspace(0, 1, 7).double().unsqueeze(-1), torch.tensor([[0.3]]).double()
    for task, fidelity in enumerate(FIDELITIES):
        here, there = with_task(x, fidelity), with_task(x, task)
        assert torch.equal(model.posterior(here).mean, index.posterior(there).mean)
        noisy = model.posterior(here, observation_noise=True).variance
        assert torch.equal(noisy, index.posterior(there, observation_noise=True).variance)
        more = model.condition_on_observations(with_task(new, fidelity), new)
        also = index.condition_on_observations(with_task(new, task), new)
        assert torch.equal(more.posterior(x).mean, also.posterior(x).mean)
    assert torch.equal(model.posterior(x).mean, index.posterior(x).mean)
    assert torch.equal(model.joint(x).covariance, index.joint(x).covariance)


def test_gpytorchs_marginal_likelihood_knows_the_fidelities() -> None:
    rows, values = start()
    found, expected = (
        ExactMarginalLogLikelihood(each.likelihood, each)(
            each(*each.train_inputs), each.train_targets, *each.train_inputs
        )
        for each in (TaskGP(rows, values, all_tasks=FIDELITIES), TaskGP(numbered(rows), values))
    )
    assert torch.equal(found, expected)


def test_a_fidelity_without_a_value_is_a_task() -> None:
    model = fitted(*start(), all_tasks=[0.5, 0.75, 1.0])
    assert model.num_tasks == 3
    assert model.posterior(torch.tensor([[0.5, 0.75]]).double()).variance > 0


def test_training_inputs_stay_in_the_users_units(model: TaskGP) -> None:
    rows, _ = start()
    assert not model.training
    assert torch.equal(model.train_inputs[0], rows)
    new = torch.tensor([[0.4, 0.5]]).double()
    more = model.condition_on_observations(new, torch.zeros(1, 1).double())
    assert torch.equal(more.train_inputs[0], torch.cat([rows, new]))
    fantasies = model.fantasize(new, SobolQMCNormalSampler(torch.Size([3]), seed=0))
    assert torch.equal(fantasies.train_inputs[0][1], torch.cat([rows, new]))


def test_max_values_do_not_depend_on_the_unit_of_an_input() -> None:
    """BoTorch draws maxima at the training inputs too: they have to be where they were measured."""
    x = torch.linspace(0, 1, 9).double().unsqueeze(-1)
    found = []
    for unit in (1.0, 50.0):
        model = fitted(with_task(unit * x, 0), forrester(with_task(x, 1.0)), all_tasks=[0], output_tasks=[0])
        torch.manual_seed(0)
        acquisition = qMaxValueEntropy(model, with_task(unit * x, 0), num_mv_samples=16)
        found.append(acquisition(with_task(unit * torch.tensor([[[0.3]], [[0.7]]]).double(), 0)))
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-8)


def test_the_mean_of_fantasies_is_the_mean(model: TaskGP) -> None:
    new, x = torch.tensor([[0.4, 0.5]]).double(), torch.linspace(0, 1, 5).double().unsqueeze(-1)
    fantasies = model.fantasize(new, SobolQMCNormalSampler(torch.Size([256]), seed=0))
    found = fantasies.posterior(x)
    scale = model.posterior(x).variance.sqrt()
    torch.testing.assert_close(found.mean.mean(0) / scale, model.posterior(x).mean / scale, atol=0.02, rtol=0)
    spread = found.mean.var(0) + found.variance[0]
    torch.testing.assert_close(spread / scale**2, torch.ones_like(scale), atol=0.05, rtol=0)


def test_a_fantasy_is_an_observation(model: TaskGP) -> None:
    new, x = torch.tensor([[0.4, 0.5]]).double(), torch.linspace(0, 1, 5).double().unsqueeze(-1)
    fantasies = model.fantasize(new, SobolQMCNormalSampler(torch.Size([3]), seed=0))
    drawn = model.outcome_transform.untransform(fantasies.train_targets[:, -1:, None], X=new)[0]
    for place in range(3):
        single = model.condition_on_observations(new, drawn[place])
        torch.testing.assert_close(fantasies.posterior(x).mean[place], single.posterior(x).mean)
        torch.testing.assert_close(fantasies.posterior(x).variance[place], single.posterior(x).variance)


@pytest.mark.parametrize("acquire", [knowledge_gradient, entropy])
def test_what_is_pending_is_not_worth_asking_again(
    model: TaskGP, acquire: Callable[[Model], AcquisitionFunction]
) -> None:
    torch.manual_seed(0)
    acquisition = acquire(model)
    first = over_fidelities(acquisition)
    acquisition.set_X_pending(first)
    second = over_fidelities(acquisition)
    assert (second - first).abs().max() > 1e-2


def test_a_pending_point_makes_its_neighbourhood_worth_less(model: TaskGP) -> None:
    pending, x = torch.tensor([[0.4]]).double(), torch.tensor([[[0.41]]]).double()
    alone = qLogExpectedImprovement(model, best_f=0.0, sampler=SobolQMCNormalSampler(torch.Size([512]), seed=0))
    beside = qLogExpectedImprovement(
        model, best_f=0.0, X_pending=pending, sampler=SobolQMCNormalSampler(torch.Size([512]), seed=0)
    )
    joint = alone(torch.cat([x, pending.unsqueeze(0)], dim=-2))
    torch.testing.assert_close(beside(x), joint)


def test_a_cheap_fidelity_is_bought_only_if_it_is_cheap(model: TaskGP) -> None:
    for low, bought in ((0.01, 0.5), (1.0, 1.0)):
        torch.manual_seed(0)
        assert over_fidelities(entropy(model, low))[0, 1].item() == bought


def test_entropy_where_values_are_known_without_noise() -> None:
    """What would be measured at a known value again is a number, though it has no variance but for rounding."""
    rows, values = start()
    model = TaskGP(rows, values, train_Yvar=torch.zeros_like(values), all_tasks=FIDELITIES, output_tasks=[1.0])
    assert (model.posterior(rows, observation_noise=True).variance > 0).all()
    torch.manual_seed(0)
    assert torch.isfinite(entropy(model)(rows[:3].unsqueeze(-2))).all()


def test_a_pool_of_rows_and_fidelities(model: TaskGP) -> None:
    x = torch.linspace(0, 1, 15).double().unsqueeze(-1)
    pool = torch.cat([with_task(x, fidelity) for fidelity in FIDELITIES])
    torch.manual_seed(0)
    acquisition = entropy(model)
    chosen, value = optimize_acqf_discrete(acquisition, q=2, choices=pool, unique=True)
    assert chosen.shape == (2, 2)
    acquisition.set_X_pending(None)
    with torch.no_grad():
        everywhere = acquisition(pool.unsqueeze(-2))
    assert torch.equal(chosen[0], pool[everywhere.argmax()])
    torch.testing.assert_close(value[0], everywhere.max())


def test_one_shot_starts_of_the_knowledge_gradient(model: TaskGP) -> None:
    torch.manual_seed(0)
    starts = gen_one_shot_kg_initial_conditions(
        knowledge_gradient(model), BOUNDS, q=1, num_restarts=2, raw_samples=4, fixed_features={1: 0.5}
    )
    assert starts.shape == (2, 1 + 4, 2)


# Complaints.


def test_a_fidelity_between_the_tasks(model: TaskGP) -> None:
    message = r"the tasks \[0.6\] were named, expected some of 0.5, 1; .* optimize_acqf_mixed\(..., fixed_featur"
    with pytest.raises(DataError, match=message):
        model.posterior(torch.tensor([[0.1, 0.6]]).double())


def test_fidelities_that_were_not_announced() -> None:
    message = r"the tasks \[0.5\] were named, expected whole numbers from 0 to 1; write all_tasks=\[...\]"
    with pytest.raises(DataError, match=message):
        TaskGP(*start())


def test_more_numbers_than_tasks_of_the_kernel(model: TaskGP) -> None:
    message = "all_tasks are 3 different numbers, but the kernel is for 2 tasks; give one number for each"
    with pytest.raises(ParameterError, match=message):
        TaskGP(*start(), kernel=model.covar_module, all_tasks=[0.5, 0.75, 1.0])


def test_an_input_transform_that_changes_the_task() -> None:
    message = r"input_transform changes the last column, .* for example Normalize\(2, indices=list\(range\(1\)\)\)"
    with pytest.raises(ParameterError, match=message):
        TaskGP(*start(), all_tasks=FIDELITIES, input_transform=Normalize(2))
