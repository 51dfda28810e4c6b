from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from mfgp.errors import ColumnError, DataError, ParameterError
from mfgp.prediction import Prediction, condition

TASKS = ("low", "high", 3)
NAN = float("nan")


def random_prediction(n: int = 4, seed: int = 0) -> Prediction:
    generator = np.random.default_rng(seed)
    roots = generator.standard_normal((n, 3, 3))
    index = pd.Index([f"row {i}" for i in range(n)], name="name")
    return Prediction(TASKS, index, generator.standard_normal((n, 3)), roots @ roots.transpose(0, 2, 1))


def test_mean_and_std_are_frames_with_the_names() -> None:
    p = random_prediction()
    for frame in (p.mean, p.std):
        assert list(frame.columns) == list(TASKS)
        pd.testing.assert_index_equal(frame.index, p.index)
    np.testing.assert_array_equal(p.mean, p.means)
    np.testing.assert_allclose(p.std**2, np.diagonal(p.covariance, axis1=1, axis2=2))
    assert len(p) == 4


def test_a_variance_below_zero_by_rounding_is_a_deviation_of_zero() -> None:
    p = Prediction(("a",), pd.RangeIndex(1), np.zeros((1, 1)), np.full((1, 1, 1), -1e-18))
    assert p.std.loc[0, "a"] == 0.0
    assert (p.sample(3, seed=0) == 0.0).all()


@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.999])
def test_interval_is_that_of_the_normal_distribution(level: float) -> None:
    p = random_prediction()
    interval = p.interval(level)
    for t, task in enumerate(TASKS):
        lower, upper = norm.interval(level, loc=p.means[:, t], scale=p.std[task])
        np.testing.assert_allclose(interval[(task, "lower")], lower)
        np.testing.assert_allclose(interval[(task, "upper")], upper)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 90, NAN, "0.9", None, (0.5, 0.9)])
def test_a_level_that_is_no_probability(level: object) -> None:
    with pytest.raises(
        ParameterError,
        match=re.escape(f"level={level!r}") + ", expected a probability between 0 and 1, for example 0.9",
    ):
        random_prediction().interval(level)  # type: ignore[arg-type]


def test_samples_have_the_mean_and_covariance() -> None:
    p = random_prediction()
    draws = p.sample(100_000, seed=1)
    assert draws.shape == (100_000, 4, 3)
    for row in range(4):
        size = np.sqrt(np.outer(*[np.diagonal(p.covariance[row])] * 2))
        assert np.abs(np.cov(draws[:, row].T) - p.covariance[row]).max() < 0.03 * size.max()
        np.testing.assert_allclose(draws[:, row].mean(0), p.means[row], atol=0.03 * np.sqrt(size.max()))
    apart = np.corrcoef(draws[:, 0, 0], draws[:, 1, 0])[0, 1]
    assert abs(apart) < 0.02


def test_samples_of_a_singular_covariance() -> None:
    tied = np.array([[[1.0, -2.0], [-2.0, 4.0]]])
    draws = Prediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), tied).sample(50, seed=0)
    np.testing.assert_allclose(draws[:, 0, 1], -2.0 * draws[:, 0, 0], atol=1e-6)


def test_samples_are_the_same_for_a_seed() -> None:
    p = random_prediction()
    np.testing.assert_array_equal(p.sample(5, seed=3), p.sample(5, seed=3))
    assert (p.sample(5, seed=3) != p.sample(5, seed=4)).any()


def test_one_task_is_a_prediction_too() -> None:
    p = random_prediction()
    one = p["high"]
    assert one.tasks == ("high",)
    np.testing.assert_array_equal(one.mean["high"], p.mean["high"])
    np.testing.assert_array_equal(one.std["high"], p.std["high"])
    pd.testing.assert_frame_equal(one.interval(0.8), p.interval(0.8)[["high"]], check_column_type=False)
    np.testing.assert_array_equal(p[3].means, p.means[:, 2:])


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(ColumnError, match=r"there is no task 'height'; the tasks are \['low', 'high', 3\]"):
        random_prediction()["height"]


@pytest.mark.parametrize("several", [["low", "high"], np.array(["low"]), pd.Index(["low", "high"])])
def test_several_tasks_are_no_task(several: object) -> None:
    with pytest.raises(
        ColumnError, match=r"'low'.*is no name of a task; take one task at a time, or columns of p.mean"
    ):
        random_prediction()[several]  # type: ignore[index]


def test_a_flat_table() -> None:
    p = random_prediction()
    frame = p.to_frame(0.8)
    expected = [f"{task}_{what}" for task in TASKS for what in ("mean", "std", "lower", "upper")]
    assert list(frame.columns) == expected
    np.testing.assert_array_equal(frame["high_mean"], p.mean["high"])
    np.testing.assert_array_equal(frame["3_upper"], p.interval(0.8)[(3, "upper")])
    pd.testing.assert_index_equal(frame.index, p.index)


def test_its_description_is_the_table() -> None:
    text = repr(random_prediction())
    assert text.startswith("Prediction of 4 rows, tasks ['low', 'high', 3]:")
    assert "row 3" in text


# Conditioning on tasks that are known at a row.

MASKS = st.lists(st.booleans(), min_size=12, max_size=12)


def direct(p: Prediction, values: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The textbook formula, row by row."""
    means, covariance = p.means.copy(), p.covariance.copy()
    for row in range(len(p)):
        k = ~np.isnan(values[row])
        if k.any():
            system = p.covariance[row][np.ix_(k, k)] + np.diag(variance[row, k])
            gain = p.covariance[row][:, k] @ np.linalg.inv(system)
            means[row] += gain @ (values[row, k] - p.means[row, k])
            covariance[row] -= gain @ p.covariance[row][k]
    return means, covariance


@given(mask=MASKS, exact=st.booleans())
def test_conditioning_is_the_textbook_formula(mask: list[bool], exact: bool) -> None:
    p, generator = random_prediction(), np.random.default_rng(5)
    values = np.where(np.reshape(mask, (4, 3)), generator.standard_normal((4, 3)), np.nan)
    variance = np.zeros((4, 3)) if exact else generator.uniform(0.01, 1.0, (4, 3))
    means, covariance = condition(p.means, p.covariance, values, variance)
    expected_means, expected_covariance = direct(p, values, variance)
    np.testing.assert_allclose(means, expected_means, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(covariance, expected_covariance, rtol=1e-7, atol=1e-7)


@given(mask=MASKS, second=MASKS)
def test_the_order_of_conditioning_does_not_matter(mask: list[bool], second: list[bool]) -> None:
    p, generator = random_prediction(), np.random.default_rng(6)
    chosen, first = np.reshape(mask, (4, 3)), np.reshape(second, (4, 3))
    values, variance = generator.standard_normal((4, 3)), generator.uniform(0.1, 1.0, (4, 3))
    at_once = condition(p.means, p.covariance, np.where(chosen, values, np.nan), variance)
    for part in (first, ~first):
        in_turn = condition(p.means, p.covariance, np.where(chosen & part, values, np.nan), variance)
        in_turn = condition(*in_turn, np.where(chosen & ~part, values, np.nan), variance)
        for one, other in zip(in_turn, at_once, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8)


def test_nothing_known_changes_nothing() -> None:
    p = random_prediction()
    means, covariance = condition(p.means, p.covariance, np.full((4, 3), NAN), np.ones((4, 3)))
    np.testing.assert_array_equal(means, p.means)
    np.testing.assert_array_equal(covariance, p.covariance)


def test_what_is_given_is_left_as_it_was() -> None:
    p = random_prediction()
    before = p.means.copy(), p.covariance.copy()
    condition(p.means, p.covariance, np.ones((4, 3)), np.ones((4, 3)))
    np.testing.assert_array_equal(p.means, before[0])
    np.testing.assert_array_equal(p.covariance, before[1])


def test_an_exact_value_is_met_and_certain() -> None:
    p = random_prediction()
    values = np.full((4, 3), NAN)
    values[:, 1] = 5.0
    means, covariance = condition(p.means, p.covariance, values, np.zeros((4, 3)))
    np.testing.assert_allclose(means[:, 1], 5.0)
    np.testing.assert_allclose(covariance[:, 1], 0.0, atol=1e-12)


def test_units_far_apart_do_not_matter() -> None:
    p, units = random_prediction(), np.array([1e-9, 1.0, 1e9])
    values, variance = np.where([True, False, True], 0.7, NAN) * np.ones((4, 3)), np.full((4, 3), 0.01)
    means, covariance = condition(p.means, p.covariance, values, variance)
    far = condition(p.means * units, p.covariance * np.outer(units, units), values * units, variance * units**2)
    np.testing.assert_allclose(far[0] / units, means, rtol=1e-9)
    np.testing.assert_allclose(far[1] / np.outer(units, units), covariance, rtol=1e-7, atol=1e-9)


def test_tasks_that_are_tied_without_noise() -> None:
    covariance = np.array([[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]])
    means, after = condition(np.zeros((1, 3)), covariance, np.array([[2.0, 2.0, NAN]]), np.zeros((1, 3)))
    np.testing.assert_allclose(means, 2.0, rtol=1e-6)
    np.testing.assert_allclose(after, 0.0, atol=1e-6)


def test_a_task_that_is_certain_already() -> None:
    covariance = np.array([[[0.0, 0.0], [0.0, 4.0]]])
    means, after = condition(np.array([[1.0, 0.0]]), covariance, np.array([[1.0, NAN]]), np.zeros((1, 2)))
    np.testing.assert_array_equal(means, [[1.0, 0.0]])
    np.testing.assert_array_equal(after, covariance)


def test_values_of_another_shape() -> None:
    p = random_prediction()
    with pytest.raises(DataError, match=r"given values have shape \(4, 2\), expected \(4, 3\) \(rows, tasks\)"):
        condition(p.means, p.covariance, np.zeros((4, 2)), np.zeros((4, 2)))


def test_conditioning_agrees_with_draws() -> None:
    """Draws whose first task comes out near the given value have the conditional mean and spread."""
    p = random_prediction(1, seed=3)
    draws = p.sample(400_000, seed=0)[:, 0]
    width = 0.02 * np.sqrt(p.covariance[0, 0, 0])
    value = p.means[0, 0] + 0.5 * np.sqrt(p.covariance[0, 0, 0])
    near = draws[np.abs(draws[:, 0] - value) < width]
    means, covariance = condition(p.means, p.covariance, np.array([[value, NAN, NAN]]), np.zeros((1, 3)))
    scale = np.sqrt(np.diagonal(p.covariance[0]))
    np.testing.assert_allclose(near.mean(0) / scale, means[0] / scale, atol=0.04)
    np.testing.assert_allclose(np.cov(near.T)[1:, 1:], covariance[0, 1:, 1:], atol=0.06 * scale.max() ** 2)
