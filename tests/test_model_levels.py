"""TaskGP with columns of codes."""

from __future__ import annotations

import pytest
import torch
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.acquisition.objective import ScalarizedPosteriorTransform
from botorch.optim import optimize_acqf_mixed
from torch import Tensor

from mfgp import TaskGP
from mfgp.data.scaling import standardize_inputs
from mfgp.errors import DataError, ParameterError
from mfgp.kernels import CoregionalizationKernel, input_kernel


def rows(n: int = 24) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = 10.0 * torch.rand(n, 1, generator=generator, dtype=torch.float64)
    code = (torch.arange(n) % 3).double().unsqueeze(-1)
    task = (torch.arange(n) % 2).double().unsqueeze(-1)
    y = torch.sin(x / 3.0) + 2.0 * code + task + 0.05 * torch.randn(n, 1, generator=generator, dtype=torch.float64)
    return torch.cat([code, x, task], dim=-1), y


@pytest.fixture(scope="module")
def model() -> TaskGP:
    fitted = TaskGP(*rows(), cat_dims=[0])
    fitted.fit()
    return fitted


def test_codes_stay_as_they_are_and_numbers_are_standardised(model: TaskGP) -> None:
    X, _ = rows()
    transformed = model.input_scaling(X)
    torch.testing.assert_close(transformed[:, [0, 2]], X[:, [0, 2]])
    torch.testing.assert_close(transformed[:, 1].mean(), torch.zeros((), dtype=torch.float64), atol=1e-12, rtol=0)


def test_levels_are_learned(model: TaskGP) -> None:
    x = torch.tensor([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]], dtype=torch.float64)
    low = model.posterior(x).mean[:, 0]
    torch.testing.assert_close(low.diff(), torch.full((2,), 2.0, dtype=torch.float64), atol=0.2, rtol=0)


def test_a_code_not_seen_before_has_the_priors_uncertainty(model: TaskGP) -> None:
    known = torch.tensor([[0.0, 5.0]], dtype=torch.float64)
    unseen = torch.tensor([[3.0, 5.0], [3.0, 5.1], [4.0, 5.0]], dtype=torch.float64)
    posterior = model.posterior(unseen, output_indices=[0])
    assert (posterior.variance > 20 * model.posterior(known).variance[0, 0]).all()
    covariance = posterior.distribution.covariance_matrix
    shared = covariance[0, 2]  # of the task's unknown mean
    assert covariance[0, 1] > 0.9 * covariance[0, 0]
    assert shared < 0.5 * covariance[0, 0]


def test_it_is_what_the_kernel_does_with_levels_embedded(model: TaskGP) -> None:
    kernel = CoregionalizationKernel([input_kernel("matern52", 3)], 2, 2)
    kernel.embed_levels(2, {0: 3})
    by_hand = TaskGP(*rows(), kernel=kernel)
    by_hand.fit()
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    torch.testing.assert_close(by_hand.posterior(x).mean, model.posterior(x).mean)
    assert TaskGP(*rows(), kernel=kernel, cat_dims=[0]).num_tasks == 2


def test_numbers_and_codes_are_optimised_together(model: TaskGP) -> None:
    pick = ScalarizedPosteriorTransform(torch.tensor([0.0, 1.0], dtype=torch.float64))
    acquisition = qLogExpectedImprovement(model, best_f=4.0, posterior_transform=pick)
    bounds = torch.tensor([[0.0, 0.0], [2.0, 10.0]], dtype=torch.float64)
    best, value = optimize_acqf_mixed(
        acquisition, bounds, q=1, num_restarts=2, raw_samples=8, fixed_features_list=[{0: 0.0}, {0: 1.0}, {0: 2.0}]
    )
    assert best[0, 0].item() == 2.0
    assert torch.isfinite(value)


def test_a_fantasy_of_a_level(model: TaskGP) -> None:
    row = torch.tensor([[2.0, 4.0, 1.0]], dtype=torch.float64)
    value = torch.tensor([[9.0]], dtype=torch.float64)
    after = model.condition_on_observations(row, value)
    moved = after.posterior(row[:, :2]).mean - model.posterior(row[:, :2]).mean
    assert moved[0, 1] > 0.1


def test_inputs_that_are_codes_alone_need_no_transform() -> None:
    X, y = rows()
    codes = X[:, [0, 2]]
    assert standardize_inputs(codes, categorical=[0]) is None
    fitted = TaskGP(codes, y, cat_dims=[0])
    fitted.fit()
    assert fitted.posterior(codes[:3, :1]).mean.shape == (3, 2)


def test_codes_that_are_none_are_refused() -> None:
    X, y = rows()
    for wrong, found in ((0.5, "0, 0.5, 1, 2"), (-1.0, "-1, 0, 1, 2")):
        spoiled = X.clone()
        spoiled[0, 0] = wrong
        with pytest.raises(DataError, match=f"column 0 of train_X is categorical and holds {found}, expected codes"):
            TaskGP(spoiled, y, cat_dims=[0])


def test_columns_that_are_no_inputs_are_refused() -> None:
    X, y = rows()
    with pytest.raises(ParameterError, match=r"cat_dims=\[2\], expected columns of inputs, from 0 to 1"):
        TaskGP(X, y, cat_dims=[2])
    kernel = CoregionalizationKernel([input_kernel("rbf", 2)], 2, 2)
    with pytest.raises(ParameterError, match=r"the kernel reads the columns \[\] as categories; leave cat_dims out"):
        TaskGP(X, y, kernel=kernel, cat_dims=[0])
