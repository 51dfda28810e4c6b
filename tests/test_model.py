from __future__ import annotations

import math
import pickle
from copy import deepcopy

import pytest
import torch
from botorch.acquisition import qLogExpectedImprovement
from botorch.acquisition.cost_aware import InverseCostWeightedUtility
from botorch.acquisition.knowledge_gradient import qMultiFidelityKnowledgeGradient
from botorch.acquisition.max_value_entropy_search import qMultiFidelityMaxValueEntropy
from botorch.acquisition.objective import ScalarizedPosteriorTransform
from botorch.acquisition.utils import project_to_target_fidelity
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP
from botorch.models.cost import AffineFidelityCostModel
from botorch.models.transforms.input import Normalize
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf
from botorch.posteriors import GPyTorchPosterior
from botorch.sampling import SobolQMCNormalSampler
from botorch.utils.datasets import MultiTaskDataset, SupervisedDataset
from gpytorch.kernels import RQKernel
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch.models import ExactGP
from torch import Tensor

from mfgp.errors import DataError, DataTypeError, ParameterError
from mfgp.inference.objective import Objective
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskEmbeddingKernel, TaskKernel, input_kernel
from mfgp.model import TaskGP

NAN = float("nan")


def data(low: int = 12, high: int = 5) -> tuple[Tensor, Tensor]:
    """Two tasks of two inputs in units far apart, rows of the tasks mixed."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(low, 2, generator=generator, dtype=torch.float64) * torch.tensor([1.0, 50.0]).double()
    y = torch.sin(5 * x[:, :1]) + x[:, 1:] / 50
    rows = torch.cat([with_task(x, 0), with_task(x[:high], 1)])
    values = torch.cat([y, 100 * y[:high] + 10 * x[:high, :1]])
    order = torch.randperm(len(rows), generator=generator)
    return rows[order], values[order]


def with_task(x: Tensor, task: int) -> Tensor:
    return torch.cat([x, torch.full_like(x[..., :1], float(task))], dim=-1)


def inputs(*shape: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, 2, generator=generator, dtype=torch.float64) * torch.tensor([1.0, 50.0]).double()


KERNELS = {
    "coregionalization": lambda: CoregionalizationKernel([input_kernel("matern52", 2)], 2, 2),
    "autoregression": lambda: AutoregressiveKernel([input_kernel("matern52", 2) for _ in range(2)], {1: [0]}),
    "embedding": lambda: TaskEmbeddingKernel(input_kernel("matern52", 2), 2, 2),
    "user's own": lambda: CoregionalizationKernel([RQKernel()], 2, 1),
}


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> TaskKernel:
    return KERNELS[request.param]()


def build(kernel: TaskKernel | None = None, **options: object) -> TaskGP:
    """A model at hyperparameters that are no default, not fitted."""
    model = TaskGP(*data(), kernel=kernel or KERNELS["coregionalization"](), **options)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return model.eval()


def gpytorchs_own(model: TaskGP, rows: Tensor) -> tuple[Tensor, Tensor]:
    """What GPyTorch predicts from the same modules, in the tasks' units."""
    distribution = ExactGP.__call__(model, model.transform_inputs(rows))
    task = rows[..., -1].long()
    means, stdvs = model.outcome_transform.means[task], model.outcome_transform.stdvs[task]
    covariance = distribution.covariance_matrix * stdvs.unsqueeze(-1) * stdvs.unsqueeze(-2)
    return distribution.mean * stdvs + means, covariance


def close(found: Tensor, expected: Tensor, tolerance: float = 1e-8) -> None:
    """Equal to a tolerance relative to the largest entry."""
    scale = expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=0.0, atol=tolerance * scale)


# The posterior is that of GPyTorch.


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2), (2, 3, 2)], ids=str)
def test_rows_that_name_their_task(kernel: TaskKernel, shape: tuple[int, ...]) -> None:
    model, x = build(kernel), inputs(*shape)
    task = torch.arange(x[..., 0].numel()).view(*shape, 1) % 2
    rows = torch.cat([x, task.double()], dim=-1)
    posterior = model.posterior(rows)
    mean, covariance = gpytorchs_own(model, rows)
    assert posterior.mean.shape == (*shape, 1)
    close(posterior.mean.squeeze(-1), mean)
    close(posterior.distribution.covariance_matrix, covariance)
    close(posterior.variance.squeeze(-1), covariance.diagonal(dim1=-1, dim2=-2))


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("tasks", [[0, 1], [1, 0], [1]], ids=str)
def test_rows_without_a_task_give_every_output(kernel: TaskKernel, shape: tuple[int, ...], tasks: list[int]) -> None:
    model, x = build(kernel, output_tasks=tasks), inputs(*shape)
    posterior = model.posterior(x)
    rows = torch.cat([with_task(x, task) for task in tasks], dim=-2)
    mean, covariance = gpytorchs_own(model, rows)
    assert posterior.mean.shape == (*shape, len(tasks))
    close(posterior.mean, mean.unflatten(-1, (len(tasks), -1)).mT)
    variance = covariance.diagonal(dim1=-1, dim2=-2)
    close(posterior.variance, variance.unflatten(-1, (len(tasks), -1)).mT)
    if len(tasks) > 1 and not posterior.distribution._interleaved:
        close(posterior.distribution.covariance_matrix, covariance)
    draws = posterior.rsample(torch.Size([3]))
    assert draws.shape == (3, *shape, len(tasks))


def test_output_indices_choose_tasks() -> None:
    model, x = build(), inputs(4)
    both = model.posterior(x)
    close(model.posterior(x, output_indices=[1]).mean, both.mean[..., 1:])
    close(model.posterior(x, output_indices=[1, 0]).mean, both.mean.flip(-1))


def test_observation_noise_is_that_of_the_task(kernel: TaskKernel) -> None:
    model, x = build(kernel), inputs(3, 4)
    variance = model.noise_scale() ** 2
    added = model.posterior(x, observation_noise=True).variance - model.posterior(x).variance
    close(added, variance.expand_as(added))
    rows = with_task(x, 1)
    added = model.posterior(rows, observation_noise=True).variance - model.posterior(rows).variance
    close(added, variance[1].expand_as(added))


@pytest.mark.parametrize("shape", [(4,), (1,), (3, 4), (3, 1)], ids=str)
@pytest.mark.parametrize("tasks", [[0, 1], [1, 0], [1]], ids=str)
def test_observation_noise_as_variances(shape: tuple[int, ...], tasks: list[int]) -> None:
    model, x = build(), inputs(*shape)
    noise = torch.rand(*shape, len(tasks), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    plain, noisy = (model.posterior(x, tasks, observation_noise=added) for added in (False, noise))
    close(noisy.mean, plain.mean)
    close(noisy.variance - plain.variance, noise * model.outcome_transform.stdvs[tasks] ** 2)
    named = with_task(x, tasks[0])
    added = model.posterior(named, observation_noise=noise[..., :1]).variance - model.posterior(named).variance
    close(added, noise[..., :1] * model.outcome_transform.stdvs[tasks[0]] ** 2)


def test_one_observation_noise_for_all_rows() -> None:
    model, x, noise = build(), inputs(3, 4), torch.tensor([[0.2, 0.7]]).double()
    one, each = (model.posterior(x, observation_noise=added) for added in (noise, noise.expand(3, 4, 2)))
    torch.testing.assert_close(one.variance, each.variance, rtol=0, atol=0)


def test_the_noise_that_a_task_has_is_what_its_variance_says() -> None:
    model, x = build(), inputs(4)
    as_tensor = model.posterior(x, observation_noise=model.likelihood.task_variance().unsqueeze(0))
    close(as_tensor.variance, model.posterior(x, observation_noise=True).variance)


def test_known_noise_is_used_as_given() -> None:
    rows, values = data()
    known = torch.where(rows[:, -1:] == 1, NAN, 0.01).double()
    low = torch.nonzero(rows[:, -1] == 0).flatten()
    known[low[0]], known[low[1]] = 0.04, NAN  # task 0 has both kinds
    model = TaskGP(rows, values, train_Yvar=known, kernel=KERNELS["autoregression"]()).eval()
    new = torch.cat([with_task(inputs(3), 0), with_task(inputs(3), 1)])
    mean, covariance = gpytorchs_own(model, new)
    close(model.posterior(new).mean.squeeze(-1), mean)
    close(model.posterior(new).distribution.covariance_matrix, covariance)
    task = rows[:, -1].long()
    expected = torch.where(known.squeeze(-1).isnan(), model.noise_scale()[task] ** 2, known.squeeze(-1))
    in_units = (
        model.likelihood.variance(task, model.likelihood.known_variance) * model.outcome_transform.stdvs[task] ** 2
    )
    assert model.likelihood.learned.tolist() == [True, True]
    close(in_units, expected)


def test_joint_and_mean_are_the_posterior_row_by_row(kernel: TaskKernel) -> None:
    model, x = build(kernel), inputs(5)
    joint = model.joint(x)
    by_row = model.posterior(x.unsqueeze(-2))  # each row a batch of its own
    close(joint.mean, by_row.mean.squeeze(-2))
    rows = torch.cat([with_task(x.unsqueeze(-2), task) for task in range(2)], dim=-2)
    close(joint.covariance, model.posterior(rows).distribution.covariance_matrix)
    close(model.mean(x), joint.mean, 1e-12)


@pytest.mark.filterwarnings("ignore:A not p.d., added jitter")
def test_many_rows_close_together_are_no_singular_matrix(kernel: TaskKernel) -> None:
    model = build(kernel)
    rows = with_task(inputs(1) + 1e-6 * inputs(60), 1)
    for posterior in (model.posterior(rows), model.posterior(rows[:, :-1])):
        assert torch.isfinite(posterior.variance).all()
        assert torch.isfinite(posterior.rsample(torch.Size([2]))).all()


def test_gradients_with_respect_to_the_inputs(kernel: TaskKernel) -> None:
    model, x = build(kernel), inputs(3).requires_grad_()

    def moments(x: Tensor) -> tuple[Tensor, Tensor]:
        posterior = model.posterior(x)
        return posterior.mean, posterior.variance

    assert torch.autograd.gradcheck(moments, x, eps=1e-5, atol=1e-4, rtol=1e-5)


def test_no_gradient_reaches_the_hyperparameters(kernel: TaskKernel) -> None:
    model = TaskGP(*data(), kernel=kernel)
    X = inputs(3).requires_grad_()
    model.posterior(X).variance.sum().backward()
    assert X.grad is not None
    assert all(parameter.grad is None for parameter in model.parameters())


def test_parameters_that_are_set_make_a_new_posterior(kernel: TaskKernel) -> None:
    X, Y = data()
    model = TaskGP(X, Y, kernel=kernel)
    before = model.joint(inputs(3))
    model.covar_module.input_kernels[0].lengthscale = 0.3
    model.likelihood.set_scale(torch.full_like(model.likelihood.scale, 0.02))
    after, expected = model.joint(inputs(3)), TaskGP(X, Y, kernel=deepcopy(model.covar_module))
    expected.likelihood.load_state_dict(model.likelihood.state_dict())
    torch.testing.assert_close(after.covariance, expected.joint(inputs(3)).covariance)
    torch.testing.assert_close(model.posterior(inputs(3)).mean, after.mean)
    assert not torch.allclose(after.mean, before.mean)


def test_the_prior_while_training_is_the_kernel(kernel: TaskKernel) -> None:
    model = build(kernel).train()
    prior = model(*model.train_inputs)
    assert (prior.mean == 0).all()
    transformed = model.input_scaling(model.train_inputs[0])
    close(prior.covariance_matrix, model.covar_module(transformed).to_dense())


def test_gpytorchs_marginal_likelihood_is_our_objective(kernel: TaskKernel) -> None:
    model = build(kernel).train()
    mll = ExactMarginalLogLikelihood(model.likelihood, model)
    value = mll(model(*model.train_inputs), model.train_targets, *[model.transform_inputs(model.train_inputs[0])])
    objective = Objective(
        model.covar_module, model.likelihood, model._observations(model.transform_inputs(*model.train_inputs))
    )
    expected = objective.log_evidence() + objective.log_prior()
    assert (value * len(model.train_targets)).item() == pytest.approx(expected.item(), rel=1e-8)


# Fitting.


def test_fit_gpytorch_mll_calls_our_fit() -> None:
    one, other = (TaskGP(*data(), kernel=KERNELS["autoregression"]()) for _ in range(2))
    mll = fit_gpytorch_mll(ExactMarginalLogLikelihood(one.likelihood, one))
    report = other.fit()
    assert mll.model is one
    assert one.fit_report.log_evidence == report.log_evidence
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name], rtol=0, atol=0, equal_nan=True)
    assert not one.training
    assert not mll.training


def test_a_fit_does_not_leave_an_old_posterior() -> None:
    model = TaskGP(*data()).eval()
    before = model.posterior(inputs(2)).mean
    model.fit()
    assert not torch.allclose(before, model.posterior(inputs(2)).mean)


def test_a_fit_raises_the_log_posterior(kernel: TaskKernel) -> None:
    model = TaskGP(*data(), kernel=kernel)
    observations = model._observations(model.transform_inputs(*model.train_inputs))
    objective = Objective(model.covar_module, model.likelihood, observations)
    before = objective.log_evidence() + objective.log_prior().item()
    assert model.fit().log_posterior > before


# BoTorch's contract.


def test_adding_observations_is_training_on_all(kernel: TaskKernel) -> None:
    model = build(kernel)
    model.posterior(inputs(1))
    new, values = (
        torch.cat([with_task(inputs(2), 1), with_task(inputs(1), 0)]),
        torch.tensor([[30.0], [60.0], [0.4]]).double(),
    )
    found = model.condition_on_observations(new, values)
    rows, targets = data()
    whole = retrained(model, torch.cat([rows, new]), torch.cat([targets, values]))
    for x in (inputs(4, seed=5), with_task(inputs(3, 2, seed=5), 1)):
        close(found.posterior(x).mean, whole.posterior(x).mean, 1e-7)
        close(found.posterior(x).variance, whole.posterior(x).variance, 1e-6)


def test_adding_observations_of_known_noise() -> None:
    model = build(KERNELS["autoregression"]())
    new, values = with_task(inputs(2), 1), torch.tensor([[30.0], [60.0]]).double()
    standardized = torch.tensor([[0.04], [0.01]]).double()
    found = model.condition_on_observations(new, values, noise=standardized)
    rows, targets = data()
    known = torch.cat([torch.full_like(targets, NAN), standardized * model.outcome_transform.stdvs[1] ** 2])
    whole = retrained(model, torch.cat([rows, new]), torch.cat([targets, values]), known)
    close(found.posterior(inputs(4)).mean, whole.posterior(inputs(4)).mean, 1e-7)
    close(found.posterior(inputs(4)).variance, whole.posterior(inputs(4)).variance, 1e-6)


def test_adding_observations_to_a_task_of_known_noise() -> None:
    """Their noise is typical of the known ones, as everywhere else."""
    rows, values = data()
    known = torch.full_like(values, 0.04)
    model = TaskGP(rows, values, train_Yvar=known, kernel=KERNELS["autoregression"]()).eval()
    model.posterior(inputs(1))
    new, added = with_task(inputs(2), 1), torch.tensor([[30.0], [60.0]]).double()
    found = model.condition_on_observations(new, added)
    whole = retrained(model, torch.cat([rows, new]), torch.cat([values, added]), torch.cat([known, known[:2]]))
    close(found.posterior(inputs(4)).mean, whole.posterior(inputs(4)).mean, 1e-7)
    fantasies = model.fantasize(new, sampler=SobolQMCNormalSampler(torch.Size([2])))
    close(fantasies.posterior(inputs(4)).variance[0], whole.posterior(inputs(4)).variance, 1e-6)


def test_adding_as_many_observations_as_there_are() -> None:
    """They are not taken for the training rows, whose noise is known one by one."""
    rows, values = data()
    model = TaskGP(rows, values, train_Yvar=torch.linspace(0.01, 1.0, len(rows)).double().unsqueeze(-1)).eval()
    model.posterior(inputs(1))
    new = torch.cat([inputs(len(rows)), rows[:, -1:]], dim=-1)
    single = model.condition_on_observations(new, values)
    batch = model.condition_on_observations(new.expand(2, -1, -1), values.expand(2, -1, -1))
    close(batch.posterior(inputs(4)).mean[1], single.posterior(inputs(4)).mean, 1e-7)
    close(batch.posterior(inputs(4)).variance[1], single.posterior(inputs(4)).variance, 1e-6)
    more = batch.condition_on_observations(new[:2].expand(2, -1, -1), values[:2].expand(2, -1, -1))
    whole = single.condition_on_observations(new[:2], values[:2])
    close(more.posterior(inputs(4)).mean[1], whole.posterior(inputs(4)).mean, 1e-7)
    assert whole.likelihood.known_variance.shape == (2 * len(rows) + 2,)


def retrained(model: TaskGP, rows: Tensor, values: Tensor, known: Tensor | None = None) -> TaskGP:
    """All the data at the hyperparameters, and in the units, of a model."""
    new = TaskGP(rows, values, train_Yvar=known, kernel=deepcopy(model.covar_module))
    stdvs, means = model.outcome_transform.stdvs, model.outcome_transform.means
    task = rows[:, -1].long()
    new.outcome_transform.load_state_dict(model.outcome_transform.state_dict())
    new.input_scaling.load_state_dict(model.input_scaling.state_dict())
    new.set_train_data(rows, (values.squeeze(-1) - means[task]) / stdvs[task], strict=False)
    with torch.no_grad():
        new.likelihood.raw_scale.copy_(model.likelihood.raw_scale)
        if known is not None:
            new.likelihood.known_variance.copy_(known.squeeze(-1) / stdvs[task] ** 2)
    return new.eval()


def test_conditioning_leaves_the_model_as_it_was() -> None:
    model = build()
    before = model.posterior(inputs(3)).mean
    model.condition_on_observations(with_task(inputs(1), 1), torch.tensor([[1e3]]).double())
    torch.testing.assert_close(model.posterior(inputs(3)).mean, before, rtol=0, atol=0)
    assert len(model.train_targets) == len(data()[0])


def test_conditioning_twice_is_conditioning_once() -> None:
    model = build()
    first, second = with_task(inputs(1), 0), with_task(inputs(1, seed=9), 1)
    one, two = torch.tensor([[0.3]]).double(), torch.tensor([[70.0]]).double()
    in_turn = model.condition_on_observations(first, one).condition_on_observations(second, two)
    at_once = model.condition_on_observations(torch.cat([first, second]), torch.cat([one, two]))
    close(in_turn.posterior(inputs(4)).mean, at_once.posterior(inputs(4)).mean)


@pytest.mark.parametrize("batch", [(), (4,)], ids=["one", "batch"])
def test_fantasies(batch: tuple[int, ...]) -> None:
    model = build()
    x = with_task(inputs(*batch, 2), 1)
    fantasy = model.fantasize(x, sampler=SobolQMCNormalSampler(torch.Size([3])))
    assert fantasy.posterior(with_task(inputs(*batch, 5), 1)).mean.shape == (3, *batch, 5, 1)
    assert fantasy.posterior(inputs(*batch, 5)).mean.shape == (3, *batch, 5, 2)
    assert fantasy.train_targets.shape == (3, *batch, len(data()[0]) + 2)


@pytest.mark.parametrize("batch", [(), (4,)], ids=["one", "batch"])
@pytest.mark.parametrize("rows", [1, 2], ids=["one for all", "each its own"])
def test_fantasies_of_known_noise(batch: tuple[int, ...], rows: int) -> None:
    model, x, new = build(), with_task(inputs(*batch, 2), 1), with_task(inputs(*batch, 5, seed=4), 0)
    noise = torch.linspace(0.1, 0.2, rows).double().unsqueeze(-1)
    fantasy = model.fantasize(x, SobolQMCNormalSampler(torch.Size([3])), observation_noise=noise)
    known = model.condition_on_observations(x, torch.zeros_like(x[..., :1]), noise=noise.expand(*batch, 2, 1))
    assert fantasy.posterior(new).mean.shape == (3, *batch, 5, 1)
    close(fantasy.posterior(new).variance, known.posterior(new).variance.expand(3, *batch, 5, 1), 1e-6)
    assert not torch.allclose(fantasy.posterior(new).mean[0], fantasy.posterior(new).mean[1])


def test_a_batch_of_conditioned_models_is_each_by_itself() -> None:
    model = build()
    new, values = with_task(inputs(3, 1), 1), torch.tensor([10.0, 20.0, 30.0]).double().view(3, 1, 1)
    batch = model.condition_on_observations(new, values)
    for place in range(3):
        single = model.condition_on_observations(new[place], values[place])
        x = with_task(inputs(4), 0)
        close(batch.posterior(x).mean[place], single.posterior(x).mean)
        close(batch.posterior(x).variance[place], single.posterior(x).variance, 1e-6)


def test_outputs_and_subsets() -> None:
    model = build()
    assert model.num_outputs == 2
    assert model.batch_shape == torch.Size([])
    high = model.subset_output([1])
    assert high.num_outputs == 1
    close(high.posterior(inputs(3)).mean, model.posterior(inputs(3)).mean[..., 1:])
    assert model.num_outputs == 2
    close(high.subset_output([0]).posterior(inputs(3)).mean, high.posterior(inputs(3)).mean)
    swapped = model.subset_output([1, 0]).posterior(inputs(3)).mean
    close(swapped, model.posterior(inputs(3)).mean.flip(-1))
    assert build(output_tasks=[1]).num_outputs == 1


def test_posterior_transform() -> None:
    model, weights = build(), torch.tensor([2.0, -0.5]).double()
    found = model.posterior(inputs(4), posterior_transform=ScalarizedPosteriorTransform(weights))
    both = model.posterior(inputs(4))
    close(found.mean.squeeze(-1), both.mean @ weights)
    covariance = model.joint(inputs(4)).covariance
    close(found.variance.squeeze(-1), torch.einsum("nij,i,j->n", covariance, weights, weights))


def test_construct_inputs() -> None:
    rows, values = data()
    plain = SupervisedDataset(rows, values, feature_names=["a", "b", "task"], outcome_names=["y"])
    model = TaskGP(**TaskGP.construct_inputs(plain, task_feature=-1))
    assert model.num_tasks == 2
    with_noise = SupervisedDataset(
        rows, values, Yvar=torch.full_like(values, 0.1), feature_names=["a", "b", "task"], outcome_names=["y"]
    )
    arguments = TaskGP.construct_inputs(with_noise, kernel=KERNELS["autoregression"](), output_tasks=[1])
    model = TaskGP(**arguments)
    assert model.num_outputs == 1
    assert not model.likelihood.learned.any()
    assert isinstance(model.covar_module, AutoregressiveKernel)


def test_construct_inputs_from_a_multi_task_data_set() -> None:
    rows, values = data()
    parts = [
        SupervisedDataset(
            rows[rows[:, -1] == t], values[rows[:, -1] == t], feature_names=["a", "b", "task"], outcome_names=[name]
        )
        for t, name in enumerate(("low", "high"))
    ]
    dataset = MultiTaskDataset(parts, target_outcome_name="high", task_feature_index=-1)
    model = TaskGP(**TaskGP.construct_inputs(dataset))
    assert len(model.train_targets) == len(rows)


def test_expected_improvement_is_optimised_on_it() -> None:
    model = build(output_tasks=[1])
    acquisition = qLogExpectedImprovement(model, best_f=data()[1].max().item())
    bounds = torch.tensor([[0.0, 0.0], [1.0, 50.0]]).double()
    candidate, value = optimize_acqf(acquisition, bounds, q=2, num_restarts=2, raw_samples=8, options={"maxiter": 10})
    assert candidate.shape == (2, 2)
    assert torch.isfinite(value)


def test_multi_fidelity_acquisitions_evaluate() -> None:
    model = build(output_tasks=[1])
    cost = InverseCostWeightedUtility(AffineFidelityCostModel({2: 1.0}, fixed_cost=1.0).double())

    def project(x: Tensor) -> Tensor:
        return project_to_target_fidelity(x, target_fidelities={2: 1.0}, d=3)

    x = with_task(inputs(2, 1), 0)
    entropy = qMultiFidelityMaxValueEntropy(
        model, with_task(inputs(20), 1), num_fantasies=4, num_mv_samples=4, cost_aware_utility=cost, project=project
    )
    assert entropy(x).shape == (2,)
    assert torch.isfinite(entropy(x)).all()
    knowledge = qMultiFidelityKnowledgeGradient(
        model, num_fantasies=2, current_value=torch.zeros(1).double(), cost_aware_utility=cost, project=project
    )
    x = torch.cat([with_task(inputs(2, 1), 0), with_task(inputs(2, 2), 1)], dim=-2).requires_grad_()
    value = knowledge(x)
    assert value.shape == (2,)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert torch.isfinite(gradient).all()


def test_in_a_list_of_models() -> None:
    one, other = build(output_tasks=[1]), build(KERNELS["autoregression"](), output_tasks=[1])
    both = ModelListGP(one, other)
    posterior = both.posterior(inputs(2, 3))
    close(posterior.mean[..., :1], one.posterior(inputs(2, 3)).mean)
    close(posterior.mean[..., 1:], other.posterior(inputs(2, 3)).mean)
    assert both.num_outputs == 2


# Life of the object.


def test_state_goes_round(kernel: TaskKernel) -> None:
    start = deepcopy(kernel)
    model = build(kernel)
    other = TaskGP(*data(), kernel=start)
    other.eval()
    assert not torch.allclose(other.posterior(inputs(3)).mean, model.posterior(inputs(3)).mean)
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other.posterior(inputs(3)).mean, model.posterior(inputs(3)).mean, rtol=0, atol=0)


@pytest.mark.parametrize("after_a_posterior", [False, True])
def test_copies_predict_the_same_and_are_their_own(kernel: TaskKernel, after_a_posterior: bool) -> None:
    model = build(kernel)
    if after_a_posterior:
        model.posterior(inputs(1))
    before = model.posterior(inputs(3)).mean if after_a_posterior else None
    for copy in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(copy.posterior(inputs(3)).mean, model.posterior(inputs(3)).mean, rtol=0, atol=0)
        copy.train()
        with torch.no_grad():
            copy.likelihood.raw_scale.add_(1.0)
        copy.eval()
        assert not torch.allclose(copy.posterior(inputs(3)).mean, model.posterior(inputs(3)).mean)
    if before is not None:
        torch.testing.assert_close(model.posterior(inputs(3)).mean, before, rtol=0, atol=0)


def test_new_training_data_are_used() -> None:
    model = build()
    before = model.posterior(inputs(3)).mean
    rows, targets = model.train_inputs[0], model.train_targets
    model.set_train_data(rows, targets + 1.0, strict=True)
    assert not torch.allclose(model.posterior(inputs(3)).mean, before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(kernel: TaskKernel) -> None:
    on_cpu = build(kernel)
    expected = on_cpu.posterior(inputs(3))
    moved = deepcopy(on_cpu).to("cuda")
    found = moved.posterior(inputs(3).cuda())
    close(found.mean.cpu(), expected.mean)
    close(found.variance.cpu(), expected.variance)
    built = TaskGP(*(tensor.cuda() for tensor in data()), kernel=deepcopy(kernel))
    assert built.fit().log_evidence == pytest.approx(
        TaskGP(*data(), kernel=deepcopy(kernel)).fit().log_evidence, rel=1e-3
    )


def test_the_order_of_rows_does_not_matter(kernel: TaskKernel) -> None:
    rows, values = data()
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(5))
    one, other = (TaskGP(r, v, kernel=deepcopy(kernel)) for r, v in ((rows, values), (rows[order], values[order])))
    one.eval(), other.eval()
    close(one.posterior(inputs(4)).mean, other.posterior(inputs(4)).mean)


def test_transforms_of_the_users_own() -> None:
    rows, values = data()
    model = TaskGP(rows, values, input_transform=Normalize(3, indices=[0, 1]), outcome_transform=Standardize(1)).eval()
    rows = with_task(inputs(4), 1)
    distribution = ExactGP.__call__(model, model.transform_inputs(rows))
    scale, shift = model.outcome_transform.stdvs.squeeze(), model.outcome_transform.means.squeeze()
    close(model.posterior(rows).mean.squeeze(-1), distribution.mean * scale + shift)


def test_no_transform_at_all() -> None:
    rows, values = data()
    model = TaskGP(rows, values, input_transform=None, outcome_transform=None).eval()
    assert torch.equal(model.train_targets, values.squeeze(-1))
    assert model.posterior(inputs(4)).mean.shape == (4, 2)


def test_a_task_that_has_no_value_yet() -> None:
    rows, values = data()
    model = TaskGP(rows, values, all_tasks=[0, 1, 2])
    assert model.num_outputs == 3
    assert math.isfinite(model.fit().log_evidence)
    assert model.posterior(inputs(3)).variance.shape == (3, 3)
    chain = AutoregressiveKernel([input_kernel("rbf", 2) for _ in range(3)], {1: [0], 2: [1]})
    assert math.isfinite(TaskGP(rows, values, kernel=chain).fit().log_evidence)
    assert torch.isfinite(model.posterior(inputs(3)).variance).all()


# Complaints.


@pytest.mark.parametrize("task", [-1.0, 0.5, 3.0])
def test_a_task_that_is_no_index(task: float) -> None:
    rows, values = data()
    rows[0, -1] = task
    with pytest.raises(DataError, match=r"the tasks \[.*\] were named, expected whole numbers from 0 to 1"):
        TaskGP(rows, values, kernel=KERNELS["embedding"]())


def test_a_task_unknown_to_the_model() -> None:
    with pytest.raises(DataError, match=r"the tasks \[5.0\] were named, expected whole numbers from 0 to 1"):
        build().posterior(with_task(inputs(3), 5))


def test_output_tasks_that_do_not_exist() -> None:
    with pytest.raises(DataError, match=r"the tasks \[2.0\] were named, expected whole numbers from 0 to 1"):
        TaskGP(*data(), output_tasks=[2])


def test_a_task_column_that_is_not_the_last() -> None:
    with pytest.raises(
        ParameterError, match=r"task_feature=0, expected the last column \(2 or -1\); move the task column"
    ):
        TaskGP(*data(), task_feature=0)
    assert TaskGP(*data(), task_feature=2).num_tasks == 2


def test_shapes_that_do_not_fit() -> None:
    rows, values = data()
    message = r"train_X has shape \(17, 3\) and train_Y \(17,\), expected \(n, d \+ 1\) and \(n, 1\), n at least 1"
    with pytest.raises(DataError, match=message):
        TaskGP(rows, values.squeeze(-1))
    with pytest.raises(DataError, match=r"train_X has shape \(2, 17, 3\)"):
        TaskGP(rows.expand(2, -1, -1), values.expand(2, -1, -1))
    with pytest.raises(DataError, match=r"train_X has shape \(0, 3\)"):
        TaskGP(rows[:0], values[:0])
    message = r"train_Yvar has shape \(17,\), expected \(17, 1\) as train_Y; write train_Yvar.reshape\(-1, 1\) if"
    with pytest.raises(DataError, match=message):
        TaskGP(rows, values, train_Yvar=torch.ones_like(values).squeeze(-1))


@pytest.mark.parametrize("value", [NAN, float("inf")])
@pytest.mark.parametrize("column", [0, 2])
def test_inputs_and_values_that_are_not_finite(value: float, column: int) -> None:
    rows, values = data()
    rows[3:5, column], values[3] = value, value
    with pytest.raises(DataError, match="train_X holds NaN or infinity in 2 of 17 rows; leave these rows out"):
        TaskGP(rows, values)
    with pytest.raises(DataError, match="train_Y holds NaN or infinity in 1 of 17 rows; leave these rows out"):
        TaskGP(data()[0], values)


@pytest.mark.parametrize("value", [-1e-9, float("inf")])
def test_variances_that_mean_nothing(value: float) -> None:
    known = torch.full((17, 1), NAN).double()
    known[2] = value
    message = "train_Yvar is negative or infinite in 1 of 17 rows; give variances, zero or more, and NaN where"
    with pytest.raises(DataError, match=message):
        TaskGP(*data(), train_Yvar=known)


@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (3, 2), (5, 4, 2)], ids=str)
def test_observation_noise_of_another_shape(shape: tuple[int, ...]) -> None:
    message = r"observation_noise has shape \(.*\), expected \(4, 2\), one variance for each row and output; write obs"
    with pytest.raises(DataError, match=message):
        build().posterior(inputs(4), observation_noise=torch.ones(shape).double())


@pytest.mark.parametrize("value", [-0.1, NAN])
def test_observation_noise_that_is_no_variance(value: float) -> None:
    with pytest.raises(DataError, match="observation_noise holds negative values or NaN; give variances, zero or more"):
        build().posterior(inputs(4), observation_noise=torch.full((4, 2), value).double())


def test_single_precision() -> None:
    rows, values = data()
    message = (
        "train_X is of type torch.float32 and train_Y of torch.float64, expected torch.float64; write train_X.double"
    )
    with pytest.raises(DataError, match=message):
        TaskGP(rows.float(), values)


def test_rows_with_tasks_and_output_indices() -> None:
    message = "output_indices was given, but X names the task of each row; leave one of them out"
    with pytest.raises(ParameterError, match=message):
        build().posterior(with_task(inputs(3), 1), output_indices=[0])


def test_units_that_are_not_the_tasks_own() -> None:
    model = TaskGP(*data(), outcome_transform=None)
    message = r"this needs each task's unit, but outcome_transform is NoneType; .* or use posterior\(\)"
    with pytest.raises(ParameterError, match=message):
        model.joint(inputs(2))


def test_a_posterior_that_is_not_gaussian() -> None:
    transform = build().outcome_transform
    with pytest.raises(DataTypeError, match="TaskStandardize got a object, expected a Gaussian posterior of BoTorch"):
        transform.untransform_posterior(object())
    with pytest.raises(DataTypeError, match="TaskStandardize got X=None, expected the inputs with the task"):
        transform(torch.zeros(2, 1))


def test_it_gives_a_posterior_of_botorch() -> None:
    assert isinstance(build().posterior(inputs(2)), GPyTorchPosterior)


def test_a_model_that_moves_or_changes_its_type_makes_its_factor_anew() -> None:
    model = build(KERNELS["autoregression"]())
    model.posterior(inputs(1))
    assert model._exact is not None
    assert deepcopy(model).to("meta")._exact is None


def test_a_batch_of_fantasies_has_no_one_posterior() -> None:
    model = build(KERNELS["autoregression"]())
    fantasies = model.fantasize(with_task(inputs(2), 1), sampler=SobolQMCNormalSampler(torch.Size([3])))
    with pytest.raises(ParameterError, match=r"a batch of \(3,\) fantasies.*write posterior\(X\)"):
        fantasies.joint(inputs(2))
