from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from botorch.acquisition import LogExpectedImprovement, qLogExpectedImprovement
from botorch.acquisition.objective import GenericMCObjective, LinearMCObjective, MCAcquisitionObjective
from botorch.optim import optimize_acqf
from botorch.sampling import SobolQMCNormalSampler
from torch import Tensor

from mfgp import IndependentGP, TaskGP, exp, task
from mfgp.errors import ColumnError, ParameterError

TASKS = ["low", "high", "cost"]
low, high, cost = (task(name) for name in TASKS)
POINTS = torch.tensor([[[0.2], [0.55]], [[0.7], [0.9]]], dtype=torch.float64)


@pytest.fixture(scope="module")
def model() -> TaskGP:
    x = torch.linspace(0.0, 1.0, 8, dtype=torch.float64)
    y = torch.stack([torch.sin(6 * x), torch.sin(6 * x) + x, 2 + torch.cos(3 * x)])
    rows = torch.stack([x.repeat(3), torch.arange(3).repeat_interleave(8)], dim=-1)
    return TaskGP(rows, y.reshape(-1, 1))


def sampler() -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(torch.Size([64]), seed=0)


def improvement(model: TaskGP, objective: MCAcquisitionObjective, **options: object) -> Tensor:
    return qLogExpectedImprovement(model, 0.5, sampler=sampler(), objective=objective, **options)(POINTS)


def test_an_objective_is_the_function_of_samples(model: TaskGP) -> None:
    samples = sampler()(model.posterior(POINTS))
    values = (exp(-low) * high / cost).objective(TASKS)(samples, X=POINTS)
    expected = torch.exp(-samples[..., 0]) * samples[..., 1] / samples[..., 2]
    assert values.shape == (64, 2, 2)
    torch.testing.assert_close(values, expected)


def test_an_acquisition_is_that_of_the_function_by_hand(model: TaskGP) -> None:
    by_hand = GenericMCObjective(lambda samples, X: samples[..., 1] * samples[..., 0])
    torch.testing.assert_close(improvement(model, (low * high).objective(TASKS)), improvement(model, by_hand))
    linear = LinearMCObjective(torch.tensor([-1.0, 1.0, 0.0], dtype=torch.float64))
    torch.testing.assert_close(improvement(model, (high - low).objective(TASKS)), improvement(model, linear))


def test_an_acquisition_is_differentiable_in_x(model: TaskGP) -> None:
    acquisition = qLogExpectedImprovement(
        model, 0.5, sampler=sampler(), objective=(exp(high) - low**2).objective(TASKS)
    )

    def value(x: float) -> Tensor:
        return acquisition(torch.full((1, 1, 1), x, dtype=torch.float64))

    x = torch.full((1, 1, 1), 0.43, dtype=torch.float64, requires_grad=True)
    acquisition(x).sum().backward()
    step = 1e-5
    slope = (value(0.43 + step) - value(0.43 - step)) / (2 * step)
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(slope.item(), rel=1e-4)


def test_an_acquisition_finds_the_best_point(model: TaskGP) -> None:
    objective = (-((high - low - 0.6) ** 2)).objective(TASKS)  # high - low = x
    acquisition = qLogExpectedImprovement(model, -0.5, sampler=sampler(), objective=objective)
    bounds = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    torch.manual_seed(0)
    candidate, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=2, raw_samples=16)
    assert candidate.item() == pytest.approx(0.6, abs=0.1)


def test_constraints_have_the_sign_of_botorch(model: TaskGP) -> None:
    samples = torch.tensor([[1.0, 2.0, 0.5], [1.0, 2.0, 3.0], [5.0, 2.0, 0.5]])
    constraint = ((high > low) & ~(cost >= 1)).constraint(TASKS)
    assert (constraint(samples) <= 0).tolist() == [True, False, False]
    by_hand = [lambda s: s[..., 2] - 2.5, lambda s: s[..., 0] - s[..., 1]]
    ours = [(cost <= 2.5).constraint(TASKS), (high > low).constraint(TASKS)]
    objective = high.objective(TASKS)
    torch.testing.assert_close(
        improvement(model, objective, constraints=ours), improvement(model, objective, constraints=by_hand)
    )


def test_constants_have_the_shape_of_the_samples() -> None:
    samples = torch.zeros(5, 2, 3)
    assert (0 * task("low") + 1).objective(TASKS)(samples).shape == (5, 2)
    constant = exp(1.0).objective(TASKS)(samples)
    assert constant.shape == (5, 2)
    assert constant.dtype == samples.dtype


def test_outputs_may_come_in_any_order() -> None:
    samples = torch.arange(6.0).reshape(2, 3)
    expected = (high - 2 * cost).objective(TASKS)(samples)
    order = [2, 0, 1]
    names = [TASKS[place] for place in order]
    torch.testing.assert_close((high - 2 * cost).objective(names)(samples[:, order]), expected)
    weights = (high - 2 * cost).posterior_transform(names).weights
    torch.testing.assert_close((samples[:, order].double() @ weights).float(), expected)


def test_a_posterior_transform_is_the_distribution_of_the_function(model: TaskGP) -> None:
    transform = (2 * high - low + 3).posterior_transform(TASKS)
    posterior = model.posterior(POINTS[0, :1], posterior_transform=transform)
    joint = model.posterior(POINTS[0, :1])
    w = torch.tensor([-1.0, 2.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(posterior.mean, (joint.mean @ w + 3).unsqueeze(-1))
    torch.testing.assert_close(posterior.variance.squeeze(), w @ joint.distribution.covariance_matrix @ w)
    closed = LogExpectedImprovement(model, 3.0, posterior_transform=transform)(POINTS[:, :1])
    assert torch.isfinite(closed).all()


def test_a_posterior_transform_agrees_with_the_prediction() -> None:
    """The same function by both roads: BoTorch's posterior and the estimator's prediction."""
    X = pd.DataFrame({"x": np.linspace(0.0, 1.0, 6)})
    Y = pd.DataFrame({"low": np.sin(5 * X["x"]), "high": np.cos(3 * X["x"])})
    estimator = IndependentGP().fit(X, Y)
    difference = high - low - 1
    new = pd.DataFrame({"x": [0.15, 0.77]})
    predicted = estimator.predict_distribution(new).of(difference)
    points = torch.tensor(new.to_numpy()).unsqueeze(1)
    posterior = estimator.model_.posterior(points, posterior_transform=difference.posterior_transform(estimator.tasks_))
    np.testing.assert_allclose(posterior.mean.detach().flatten(), predicted.mean, rtol=1e-6)
    np.testing.assert_allclose(posterior.variance.detach().flatten().sqrt(), predicted.std, rtol=1e-5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"low \* high is not linear in the tasks.* use \.objective\(tasks\)"):
        (low * high).posterior_transform(TASKS)
    with pytest.raises(ParameterError, match=r"asks 'low' for its class, but BoTorch samples scores, not classes; use"):
        (task("low") == "red").constraint(TASKS)
    message = r"there is no task 'low'; the tasks are \['high'\], in high - low"
    for make in (high - low).objective, (high - low).posterior_transform, (high - low > 0).constraint:
        with pytest.raises(ColumnError, match=message):
            make(["high"])
