"""Fits of a cascade: what a task is told of its sources, and where the climb starts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mfgp.data import Observations
from mfgp.inference import FitReport, StartReport, TaskNoise, fit, fit_cascade
from mfgp.inference.objective import Objective
from mfgp.inference.report import joined
from mfgp.inference.starts import starting_points
from mfgp.kernels import AutoregressiveKernel, CascadeKernel, input_kernel

X = np.sort(np.random.default_rng(0).uniform(-1.6, 1.6, (24, 1)), axis=0)
LOW = np.sin(3.0 * X[:, 0])
SOURCES: dict[int, list[int]] = {0: [], 1: [0]}


def observe(low: np.ndarray, high: np.ndarray, noise: float | None = None) -> Observations:
    y = np.column_stack([low, high])
    return Observations.gather(X, y, None if noise is None else np.full(y.shape, noise))


def where(values: np.ndarray, rows: slice) -> np.ndarray:
    kept = np.full(len(values), np.nan)
    kept[rows] = values[rows]
    return kept


def test_a_source_is_told_by_its_own_values_alone() -> None:
    high = where(LOW**2, slice(0, 24, 3))
    other = high.copy()
    other[6] += 5.0
    one, two = (fit_cascade(observe(LOW, each), SOURCES)[0].conditionals for each in (high, other))
    rows, others = (each[1].posterior.observations.x for each in (one, two))
    torch.testing.assert_close(rows, others, rtol=0, atol=0)
    torch.testing.assert_close(one[0].posterior.weights, two[0].posterior.weights, rtol=0, atol=0)


def test_a_source_that_is_measured_is_certain_and_one_that_is_not_is_not() -> None:
    low = where(LOW, slice(0, 8))
    cascade, _ = fit_cascade(observe(low, LOW**2, noise=0.01), SOURCES)
    _, mean, variance = cascade.conditionals[1].posterior.observations.x.T
    np.testing.assert_allclose(mean[:8], LOW[:8], atol=0.03)
    assert (variance[:8] <= 0.01**2).all()
    assert variance[12:].min() > 0.05
    posterior = cascade.conditionals[0].posterior.joint(torch.from_numpy(X))
    torch.testing.assert_close(mean, posterior.mean[:, 0])
    torch.testing.assert_close(variance, posterior.covariance[:, 0, 0])


def test_a_noisy_source_is_smoothed_and_uncertain() -> None:
    noise = 0.3 * np.random.default_rng(1).standard_normal(24)
    cascade, _ = fit_cascade(observe(LOW + noise, LOW**2, noise=0.3), SOURCES)
    _, mean, variance = cascade.conditionals[1].posterior.observations.x.T.numpy()
    assert np.abs(mean - LOW).mean() < np.abs(noise).mean()
    assert ((variance > 0.0) & (variance < 0.3**2)).all()


def test_values_that_say_less_are_taken_to_say_less() -> None:
    """Where the source was not measured near, the task's values there leave the relation as unknown as it was."""
    near, far = where(LOW, slice(0, 12)), where(LOW, slice(0, 24))
    deviations = []
    for low in (near, far):
        conditional = fit_cascade(observe(low, where(LOW**2, slice(12, 24, 2)), noise=0.01), SOURCES)[0].conditionals[1]
        at = torch.from_numpy(X[13:23:2])
        values = torch.from_numpy(LOW[13:23:2]).view(1, -1, 1)
        deviations.append(conditional.at(at, values)[1].sqrt().mean().item())
    assert deviations[1] < 0.5 * deviations[0]


def test_sources_come_first_in_whatever_order_the_tasks_are() -> None:
    high = where(LOW**2, slice(0, 24, 3))
    there, _ = fit_cascade(observe(LOW, high), SOURCES)
    back, reports = fit_cascade(observe(high, LOW), {0: [1], 1: []})
    assert list(back.conditionals) == [1, 0]
    assert list(reports) == [0, 1]
    one = there.conditionals[1].posterior.observations.x
    torch.testing.assert_close(back.conditionals[0].posterior.observations.x, one, rtol=0, atol=1e-6)


def test_levels_of_noise_are_alike_where_tasks_are_related() -> None:
    """Many exact values of the source are evidence that few values of the task are exact too."""
    high = where(LOW**2, slice(0, 24, 4))
    related, _ = fit_cascade(observe(LOW, high), SOURCES)
    scale = related.conditionals[1].noise.scale.item()
    apart = TaskNoise(1, torch.zeros(6, dtype=torch.long))
    kernel = CascadeKernel(input_kernel("matern52", 1), input_kernel("matern52", 1), 1, 1)
    fit(kernel, apart, related.conditionals[1].posterior.observations)
    assert scale < 0.3 * apart.scale.item()


def test_the_gradient_is_that_of_the_log_posterior() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(9, 6, generator=generator, dtype=torch.float64)
    y = torch.randn(9, generator=generator, dtype=torch.float64)
    task = torch.zeros(9, dtype=torch.long)
    data = Observations(rows, task, y, torch.full_like(y, torch.nan), task)
    kernel = CascadeKernel(input_kernel("matern52", 2), input_kernel("rbf", 2), 2, 2)
    objective = Objective(kernel, TaskNoise(1, task), data)
    at = objective.get()
    _, gradient = objective.value_and_gradient(at)
    for place in range(len(at)):
        step = np.zeros_like(at)
        step[place] = 1e-5
        ends = [objective.value_and_gradient(at + sign * step)[0] for sign in (1.0, -1.0)]
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-6)


def test_starts_are_points_apart_and_inside_the_bounds() -> None:
    cascade, _ = fit_cascade(observe(LOW, where(LOW**2, slice(0, 24, 3))), SOURCES)
    data = cascade.conditionals[1].posterior.observations
    kernel = CascadeKernel(input_kernel("matern52", 1), input_kernel("matern52", 1), 1, 1)
    noise = TaskNoise(1, data.task)
    objective = Objective(kernel, noise, data)
    names, points = zip(*((name, objective.get()) for name in starting_points(kernel, noise, data)), strict=True)
    assert names[0] == "current"
    assert len({tuple(point.round(6)) for point in points}) == len(points) == 5
    lower, upper = np.array(objective.bounds()).T
    assert all(((lower <= point) & (point <= upper)).all() for point in points)


def test_a_task_that_goes_up_and_down_is_no_noise() -> None:
    """From the usual lengthscales, eight half-waves look like noise to a squared-exponential kernel."""
    x = np.random.default_rng(0).uniform(-1.7, 1.7, (50, 1))
    data = Observations.gather(x, np.sin(7.3 * x), None)
    noise = TaskNoise(1, data.task)
    report = fit(AutoregressiveKernel([input_kernel("rbf", 1)], sources={}), noise, data)
    assert report.best == "short lengthscales"
    assert noise.scale.item() < 1e-3


def test_a_joined_report_tells_what_went_wrong() -> None:
    start = StartReport("current", "converged", -1.0, 5, 3, 0.1)
    good = FitReport("converged", -1.0, -2.0, 3, 0.1, 0.0, "current", (start,))
    bad = FitReport("stopped at the limit of evaluations", -4.0, -5.0, 7, 0.5, 1e-8, "current", (start, start))
    report = joined({"low": good, "high": bad})
    assert report.status == "high: stopped at the limit of evaluations"
    assert (report.log_evidence, report.log_posterior, report.evaluations) == (-5.0, -7.0, 10)
    assert report.jitter == 1e-8
    assert [each.name for each in report.starts] == ["low: current", "high: current", "high: current"]
    assert joined({"low": good}) == good
