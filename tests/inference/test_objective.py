from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from gpytorch.kernels import RBFKernel, RQKernel
from gpytorch.priors import GammaPrior
from torch.distributions import MultivariateNormal

from mfgp.data import Observations
from mfgp.inference import TaskNoise
from mfgp.inference.objective import Objective
from mfgp.inference.optimizer import climb
from mfgp.kernels import CoregionalizationKernel, Process, TaskKernel, input_kernel
from mfgp.kernels.stationary import LENGTHSCALE_BOUNDS


def objective(kernel: TaskKernel, data: Observations) -> Objective:
    return Objective(kernel, TaskNoise(kernel.num_tasks, data.task, data.noise), data)


def half_known(data: Observations) -> Observations:
    noise = torch.full_like(data.noise, torch.nan)
    noise[::2] = 0.2
    return replace(data, noise=noise)


def test_value_is_the_log_density_of_values_and_parameters(kernel: TaskKernel, observations: Observations) -> None:
    data = half_known(observations)
    target = objective(kernel, data)
    value, _ = target.value_and_gradient(target.get())
    rows = torch.cat([data.x, data.task.unsqueeze(-1).double()], dim=-1)
    variance = torch.where(data.noise.isnan(), target.noise.scale[data.task] ** 2, data.noise**2)
    covariance = kernel(rows).to_dense() + torch.diag(variance)
    evidence = MultivariateNormal(torch.zeros_like(data.y), covariance).log_prob(data.y)
    prior = sum(
        p.log_prob(closure(m)).sum() for part in (kernel, target.noise) for _, m, p, closure, _ in part.named_priors()
    )
    assert value == pytest.approx(-(evidence + prior).item(), rel=1e-10)
    assert target.log_evidence() == pytest.approx(evidence.item(), rel=1e-10)
    assert target.log_prior().item() == pytest.approx(prior.item(), rel=1e-10)


def test_gradient_against_differences(kernel: TaskKernel, observations: Observations) -> None:
    target = objective(kernel, half_known(observations))
    point = target.get() + 0.2 * np.random.default_rng(1).standard_normal(len(target.get()))
    _, gradient = target.value_and_gradient(point)
    for entry, exact in enumerate(gradient):
        step = np.zeros_like(point)
        step[entry] = 1e-5
        slope = (target.value_and_gradient(point + step)[0] - target.value_and_gradient(point - step)[0]) / 2e-5
        assert slope == pytest.approx(exact, rel=1e-5, abs=1e-5)


def test_by_hand_is_by_autograd(kernel: TaskKernel, observations: Observations) -> None:
    target = objective(kernel, half_known(observations))
    assert target._closed_form
    target.set(target.get() + 0.3 * np.random.default_rng(1).standard_normal(len(target.get())))
    (value, slopes), (expected, expected_slopes) = target._by_hand(), target._by_autograd()
    assert value == pytest.approx(expected, rel=1e-12)
    for parameter in target.parameters:
        np.testing.assert_allclose(slopes[parameter], expected_slopes[parameter], rtol=1e-8, atol=1e-8)


class Halved(CoregionalizationKernel):
    """A kernel of the user's own, which inherits ways that are not its own."""

    def processes(self) -> list[Process]:
        return [replace(process, amplitude=0.5 * process.amplitude) for process in super().processes()]


@pytest.mark.parametrize(
    "own",
    [
        lambda: Halved([input_kernel("rbf", 2)], 2, 1),
        lambda: CoregionalizationKernel([RBFKernel(ard_num_dims=2).double()], 2, 1),
        lambda: CoregionalizationKernel([RQKernel().double()], 2, 1),
    ],
)
def test_what_is_not_ours_goes_by_autograd(own: Callable[[], TaskKernel], observations: Observations) -> None:
    target = objective(own(), observations)
    assert not target._closed_form
    point = target.get()
    _, gradient = target.value_and_gradient(point)
    step = np.zeros_like(point)
    step[0] = 1e-5
    slope = (target.value_and_gradient(point + step)[0] - target.value_and_gradient(point - step)[0]) / 2e-5
    assert slope == pytest.approx(gradient[0], rel=1e-5, abs=1e-5)


def test_a_vector_is_read_back_as_set(kernel: TaskKernel, observations: Observations) -> None:
    target = objective(kernel, observations)
    vector = np.random.default_rng(2).standard_normal(len(target.get()))
    target.set(vector)
    np.testing.assert_array_equal(target.get(), vector)


def test_a_frozen_parameter_stays(observations: Observations) -> None:
    kernel = CoregionalizationKernel([input_kernel("rbf", 2)], 2, 1)
    free = len(objective(kernel, observations).get())
    kernel.input_kernels[0].raw_lengthscale.requires_grad_(False)
    target = objective(kernel, observations)
    assert len(target.get()) == free - 2
    before = kernel.input_kernels[0].lengthscale.clone()
    climb(target, 20)
    torch.testing.assert_close(kernel.input_kernels[0].lengthscale, before, rtol=0, atol=0)


def test_bounds_are_logarithms(observations: Observations) -> None:
    kernel = CoregionalizationKernel([input_kernel("rbf", 2)], 2, 1)
    target = objective(kernel, observations)
    bounds = target.bounds()
    assert len(bounds) == len(target.get())
    assert bounds.count(pytest.approx(tuple(np.log(LENGTHSCALE_BOUNDS)), rel=1e-6)) == 2


def test_priors_of_the_users_kernel_count(observations: Observations) -> None:
    plain = objective(CoregionalizationKernel([RQKernel().double()], 2, 1), observations)
    prior = GammaPrior(3.0, 6.0)
    with_prior = objective(CoregionalizationKernel([RQKernel(lengthscale_prior=prior).double()], 2, 1), observations)
    lengthscale = plain.kernel.input_kernels[0].lengthscale
    added = with_prior.log_prior() - plain.log_prior()
    assert added.item() == pytest.approx(prior.log_prob(lengthscale).item(), rel=1e-5)


def test_where_no_factorisation_succeeds_the_value_is_huge(observations: Observations) -> None:
    target = objective(CoregionalizationKernel([input_kernel("rbf", 2)], 2, 1), observations)
    value, gradient = target.value_and_gradient(np.full_like(target.get(), np.nan))
    assert value == 1e25
    assert (gradient == 0.0).all()


def test_the_largest_jitter_and_the_evaluations_are_counted(observations: Observations) -> None:
    twice = torch.cat([torch.arange(len(observations))] * 2).sort().values
    data = observations.take(twice)
    exact = replace(data, noise=torch.zeros_like(data.noise))
    target = objective(CoregionalizationKernel([input_kernel("rbf", 2)], 2, 1), exact)
    target.value_and_gradient(target.get())
    assert target.evaluations == 1
    assert target.jitter > 0.0


def test_a_climb_ends_higher_and_at_its_best_point(kernel: TaskKernel, observations: Observations) -> None:
    target = objective(kernel, observations)
    start = -target.value_and_gradient(target.get())[0]
    outcome = climb(target, 200)
    assert outcome.log_posterior > start
    assert outcome.status == "converged"
    assert -target.value_and_gradient(target.get())[0] == outcome.log_posterior
    again = climb(target, 50)
    assert again.log_posterior == pytest.approx(outcome.log_posterior, abs=1e-2)


def test_a_climb_that_is_cut_short_says_so(kernel: TaskKernel, observations: Observations) -> None:
    target = objective(kernel, observations)
    outcome = climb(target, 3)
    assert outcome.status == "stopped at the limit of evaluations"
    assert target.evaluations < 10


def test_a_row_effect_is_measured_in_the_noise(kernel: TaskKernel, observations: Observations) -> None:
    target = objective(kernel, observations)
    target.noise.set_scale(torch.full_like(target.noise.scale, 0.01))
    kernel.set_row_effect(torch.tensor([0.3] + [0.0] * (kernel.num_tasks - 1), dtype=torch.float64))
    of_parameter = dict(zip(target.parameters, np.split(target.units(), _ends(target)), strict=True))
    for parameter, units in of_parameter.items():
        if kernel.row_tasks and parameter is kernel.row_loadings:
            expected = [0.3 if task == 0 else 0.01 for task in kernel.row_tasks]
            np.testing.assert_allclose(units, expected)
        else:
            np.testing.assert_array_equal(units, 1.0)


def _ends(target: Objective) -> list[int]:
    return np.cumsum([parameter.numel() for parameter in target.parameters])[:-1].tolist()


def test_a_climb_is_the_better_for_its_units(observations: Observations, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values without noise: a step that is large beside the noise is what a climb in raw loadings stumbles over."""
    y = torch.sin(observations.x.sum(-1)) + observations.task
    smooth = replace(observations, y=y, noise=torch.full_like(y, torch.nan))

    def climbed() -> float:
        kernel = CoregionalizationKernel([input_kernel("matern52", observations.x.shape[-1])], 3, 2)
        target = objective(kernel, smooth)
        target.noise.set_scale(torch.full_like(target.noise.scale, 1e-3))
        kernel.set_row_effect(torch.full((3,), 1e-3, dtype=torch.float64))
        return climb(target, 60).log_posterior

    with_units = climbed()
    monkeypatch.setattr(Objective, "units", lambda self: np.ones(len(self.get())))
    assert with_units > climbed() + 1.0
