from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from mfgp.data import Observations
from mfgp.inference import ExactPosterior, TaskNoise, fit, left_out
from mfgp.inference.left_out_fits import density_at_maximum, density_of_draws, some_of_scarcest
from mfgp.kernels import CoregionalizationKernel, input_kernel


def table(rows: int = 9, high: int = 3) -> Observations:
    x = np.linspace(-1.5, 1.5, rows)
    y = np.column_stack([np.sin(2.0 * x), np.full(rows, np.nan)])
    y[: 2 * high : 2, 1] = np.cos(x[: 2 * high : 2])
    return Observations.gather(x[:, None], y, None)


def kernel() -> CoregionalizationKernel:
    return CoregionalizationKernel([input_kernel("rbf", 1)], 2, 1)


def test_values_are_those_of_the_scarcest_task_at_most_ten_from_end_to_end() -> None:
    data = table()
    assert data.task[some_of_scarcest(data)].tolist() == [1, 1, 1]
    many = table(rows=60, high=25)
    places = some_of_scarcest(many)
    assert len(places) == 10
    assert many.task[places].unique().tolist() == [1]
    assert places[0] == 60
    assert places[-1] == len(many) - 1


def test_a_task_without_values_is_not_the_scarcest() -> None:
    data = table().of_task(0)
    moved = Observations(data.x, data.task + 1, data.y, data.noise, data.row)
    assert len(some_of_scarcest(moved)) == 9


def test_at_the_maximum_a_value_is_predicted_by_a_fit_of_the_other_rows() -> None:
    data = table()
    own_kernel, noise = kernel(), TaskNoise(2, data.task)
    place = some_of_scarcest(data)[1:2]
    found = density_at_maximum(own_kernel, noise, data, place)
    others = data.take(data.row != data.row[place])
    assert len(others) == len(data) - 2  # both tasks of the row
    fit(own_kernel, noise, others)
    joint = ExactPosterior(own_kernel, noise, others).joint(data.x[place])
    deviation = (joint.covariance[0, 1, 1] + noise.task_variance()[1]).sqrt().item()
    assert found == pytest.approx([norm.logpdf(data.y[place].item(), joint.mean[0, 1].item(), deviation)])


def posterior(data: Observations, noise_scale: float) -> ExactPosterior:
    noise = TaskNoise(2, data.task)
    noise.set_scale(torch.full((2,), noise_scale, dtype=torch.float64))
    return ExactPosterior(kernel(), noise, data)


def test_a_single_draw_is_the_closed_form() -> None:
    data = table()
    places, one = some_of_scarcest(data), posterior(table(), 0.3)
    known = left_out(one, torch.unique(data.row, return_inverse=True)[1])
    expected = norm.logpdf(data.y[places], known.mean[places], known.variance[places].sqrt())
    np.testing.assert_allclose(density_of_draws([one], places), expected)


def test_draws_count_by_the_inverse_of_the_density_of_what_is_left_out() -> None:
    data = table().of_task(0)
    several = [posterior(data, scale) for scale in (0.2, 0.3, 0.4)]
    group = torch.arange(len(data))
    densities = np.array([left_out(each, group).log_density.numpy() for each in several])
    harmonic = np.log(3.0) - logsumexp(-densities, axis=0)
    found = density_of_draws(several, group)
    untouched = (np.exp(-densities) / np.exp(-densities).sum(axis=0) <= 3.0**-0.5).all(axis=0)
    assert untouched.sum() > 4
    np.testing.assert_allclose(found[untouched], harmonic[untouched])
