from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mfgp.errors import ColumnError, ParameterError
from mfgp.prediction import NormalPrediction
from tests.prediction.predictions import TASKS, random_prediction

NAN = float("nan")


def test_mean_and_std_are_frames_with_the_names() -> None:
    p = random_prediction()
    for frame in (p.mean, p.std):
        assert list(frame.columns) == list(TASKS)
        pd.testing.assert_index_equal(frame.index, p.index)
    np.testing.assert_array_equal(p.mean, p.means)
    np.testing.assert_allclose(p.std**2, np.diagonal(p.covariance, axis1=1, axis2=2))
    assert len(p) == 4


def test_a_variance_below_zero_by_rounding_is_a_deviation_of_zero() -> None:
    p = NormalPrediction(("a",), pd.RangeIndex(1), np.zeros((1, 1)), np.full((1, 1, 1), -1e-18))
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
    draws = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), tied).sample(50, seed=0)
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


# The map of standard normals, which everything else is drawn by.


def test_a_draw_of_zeros_is_the_mean_and_draws_are_affine() -> None:
    p, generator = random_prediction(), np.random.default_rng(1)
    one, other = generator.standard_normal((2, 1, 4, 3))
    np.testing.assert_array_equal(p.draw(np.zeros((1, 4, 3)))[0], p.means)
    np.testing.assert_allclose(p.draw(one) + p.draw(other) - p.means, p.draw(one + other), atol=1e-12)


def test_the_draws_of_unit_vectors_make_the_covariance() -> None:
    p = random_prediction()
    spread = p.draw(np.eye(3)[:, None, :]) - p.means
    np.testing.assert_allclose(np.einsum("zni,znj->nij", spread, spread), p.covariance, atol=1e-12)


def test_normals_for_all_rows_are_those_of_each_row() -> None:
    p, normals = random_prediction(), np.random.default_rng(2).standard_normal((5, 1, 3))
    np.testing.assert_allclose(p.draw(normals), p.draw(np.repeat(normals, 4, axis=1)), atol=1e-12)


def test_units_far_apart_do_not_matter_to_draws() -> None:
    p, units = random_prediction(), np.array([1e-9, 1.0, 1e9])
    far = p.combine(np.diag(units), np.zeros(3), TASKS)
    normals = np.random.default_rng(3).standard_normal((5, 4, 3))
    np.testing.assert_allclose(far.draw(normals) / units, p.draw(normals), rtol=1e-7)


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([3, 0])], ids=["slice", "places"])
def test_some_rows_are_drawn_as_among_all(rows: slice | np.ndarray) -> None:
    p, normals = random_prediction(), np.random.default_rng(4).standard_normal((5, 1, 3))
    some = p.take(rows)
    pd.testing.assert_index_equal(some.index, p.index[rows])
    np.testing.assert_array_equal(some.mean, p.mean.iloc[rows])
    np.testing.assert_allclose(some.draw(normals), p.draw(normals)[:, rows], atol=1e-12)


def test_weighted_sums_have_the_moments_of_the_draws() -> None:
    p, generator = random_prediction(2), np.random.default_rng(5)
    weights, offsets = generator.standard_normal((3, 2)), np.array([1.0, -2.0])
    sums = p.combine(weights, offsets, ("u", "v"))
    spread = (p.draw(np.eye(3)[:, None, :]) - p.means) @ weights
    assert sums.tasks == ("u", "v")
    np.testing.assert_allclose(sums.means, p.draw(np.zeros((1, 2, 3)))[0] @ weights + offsets)
    np.testing.assert_allclose(sums.covariance, np.einsum("zni,znj->nij", spread, spread), atol=1e-12)


@pytest.mark.parametrize("probability", [0.001, 0.5, 0.9])
def test_quantiles_are_those_of_the_normal_distribution(probability: float) -> None:
    p = random_prediction()
    np.testing.assert_allclose(p.quantile(probability), norm.ppf(probability, p.mean, p.std), atol=1e-12)
    with pytest.raises(ParameterError, match="probability=2, expected a probability between 0 and 1, for example 0.9"):
        p.quantile(2)
