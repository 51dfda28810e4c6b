from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy.stats import multivariate_normal, norm

from mfgp import exp, log, maximum, minimum, task
from mfgp.data.labels import Labels
from mfgp.errors import PrecisionWarning
from mfgp.expressions import Condition
from mfgp.expressions.boxes import as_boxes
from mfgp.prediction import ConditionPrediction, NormalPrediction, quadrature
from mfgp.prediction.draws import values_at
from mfgp.prediction.labelled import LabelledPrediction
from tests.expressions.strategies import NAMES_OF_LINEAR, linear_conditions
from tests.prediction.predictions import LogNormalPrediction

a, b, c = task("a"), task("b"), task("c")
ROWS = pd.Index(["x", "y", "z"], name="place")
MEANS = np.array([[1.0, 2.0, 1.5], [0.0, 0.5, -0.5], [3.0, 2.5, 2.0]])


def prediction(tied: bool = False) -> NormalPrediction:
    """Three correlated tasks at three rows; if they are tied, two of them determine the third."""
    roots = np.random.default_rng(8).standard_normal((3, 3, 2 if tied else 3))
    return NormalPrediction(("a", "b", "c"), ROWS, MEANS, roots @ roots.transpose(0, 2, 1))


def scipy_probability(
    p: NormalPrediction, weights: list[list[float]], lower: list[float], upper: list[float]
) -> np.ndarray:
    W = np.array(weights).T
    options = {"allow_singular": True, "abseps": 1e-6, "maxpts": 300_000, "rng": np.random.default_rng(0)}
    return np.array(
        [
            multivariate_normal.cdf(upper, m @ W, W.T @ C @ W, lower_limit=lower, **options)
            for m, C in zip(p.means, p.covariance, strict=True)
        ]
    )


INF = np.inf
EXACT: dict[Condition, tuple[list[list[float]], list[float], list[float]]] = {
    a > 1: ([[1, 0, 0]], [1], [INF]),
    2 * a - b <= 0.5: ([[2, -1, 0]], [-INF], [0.5]),
    (a > 0.5) & (a < 2): ([[1, 0, 0]], [0.5], [2]),
    (a > 1) & (b > 1): ([[1, 0, 0], [0, 1, 0]], [1, 1], [INF, INF]),
    (a - b > 0) & (a - b < 2) & (c > 1) & (c <= 3): ([[1, -1, 0], [0, 0, 1]], [0, 1], [2, 3]),
    (a > b) & (2 * b > 2 * a): ([[1, 0, 0]], [5], [5]),
    ~((a <= 1) | (b <= 1)): ([[1, 0, 0], [0, 1, 0]], [1, 1], [INF, INF]),
    abs(a - b) < 0.5: ([[1, -1, 0]], [-0.5], [0.5]),
    ~(abs(a - b) >= 0.5): ([[1, -1, 0]], [-0.5], [0.5]),
    maximum(a, b) <= 1: ([[1, 0, 0], [0, 1, 0]], [-INF, -INF], [1, 1]),
    minimum(a, b) > 1: ([[1, 0, 0], [0, 1, 0]], [1, 1], [INF, INF]),
    ~(maximum(a, b) >= 1): ([[1, 0, 0], [0, 1, 0]], [-INF, -INF], [1, 1]),
}


@pytest.mark.parametrize("condition", EXACT, ids=repr)
@pytest.mark.parametrize("tied", [False, True])
def test_one_and_two_sums_have_closed_forms(condition: Condition, tied: bool) -> None:
    p = prediction(tied)
    found = p.of(condition)
    np.testing.assert_allclose(found.probability, scipy_probability(p, *EXACT[condition]), rtol=0, atol=5e-7)
    assert (found.error == 0.0).all()
    assert (found.invalid == 0.0).all()
    assert found.settled.all()


SEVERAL: dict[Condition, tuple[list[list[float]], list[float], list[float]]] = {
    (a > 1) & (b > 1) & (c > 1): (np.eye(3).tolist(), [1, 1, 1], [INF] * 3),
    (a > b) & (b > c) & (c > 0) & (c < 2): ([[1, -1, 0], [0, 1, -1], [0, 0, 1]], [0, 0, 0], [INF, INF, 2]),
    (a > 0) & (b > 0) & (c > 0) & (a + b < 4): ([*np.eye(3).tolist(), [1, 1, 0]], [0] * 3 + [-INF], [INF] * 3 + [4]),
    (a - c > -1) & (a > 0) & (b < 3) & (b + c > 0) & (a + b + c < 9): (
        [[1, 0, -1], [1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 1, 1]],
        [-1, 0, -INF, 0, -INF],
        [INF, INF, 3, INF, 9],
    ),
}


@pytest.mark.parametrize("condition", SEVERAL, ids=repr)
@pytest.mark.parametrize("tied", [False, True])
def test_more_sums_are_integrated_to_the_stated_error(condition: Condition, tied: bool) -> None:
    p = prediction(tied)
    found = p.of(condition, tolerance=0.002, limit=1 << 18)
    expected = scipy_probability(p, *SEVERAL[condition])
    assert (found.error <= 0.001).all()
    assert (np.abs(found.probability - expected) <= 5 * found.error + 1e-5).all()


def test_either_of_two_is_inclusion_and_exclusion() -> None:
    p = prediction()
    one, other, both = (p.of(condition).probability for condition in (a > 1, b > c, (a > 1) & (b > c)))
    found = p.of((a > 1) | (b > c))
    np.testing.assert_allclose(found.probability, one + other - both, atol=1e-14)
    assert (found.error == 0.0).all()
    np.testing.assert_allclose(p.of(~((a > 1) | (b > c))).probability, 1.0 - found.probability, atol=1e-14)


@given(linear_conditions())
def test_boxes_make_up_the_condition(condition: Condition) -> None:
    """At any values of the tasks, the boxes' indicators add up to whether the condition holds."""
    boxes = as_boxes(condition)
    if boxes is None:
        return
    draws = np.random.default_rng(0).choice([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0], (50, 1, 3))
    truth = values_at(condition, NAMES_OF_LINEAR, draws)[:, 0]
    total = np.zeros(50)
    for box, factor in boxes.items():
        inside = np.ones(50, dtype=bool)
        for direction, interval in box:
            value = sum(weight * draws[:, 0, NAMES_OF_LINEAR.index(name)] for name, weight in direction)
            above = (value > interval.lower) | (interval.lower_closed & (value == interval.lower))
            below = (value < interval.upper) | (interval.upper_closed & (value == interval.upper))
            inside &= above & below
        total += factor * inside
    np.testing.assert_array_equal(total, truth)


def test_what_has_too_many_boxes_goes_by_draws() -> None:
    condition: Condition = a > 0
    for k in range(1, 9):
        condition = condition | ((a + k * b > k) & (b - k * c > 1))
    assert as_boxes(condition) is None
    p = prediction()
    found, draws = p.of(condition), p.of(condition).sample(200_000, seed=0)
    assert (np.abs(found.probability - draws.mean(axis=0)) < 5 * found.error + 0.005).all()


def test_a_monotone_condition_is_the_linear_one() -> None:
    p = prediction()
    found, exact = p.of(exp(a - b) > 1, tolerance=0.004), p.of(a > b)
    assert (found.error > 0.0).all()
    assert (np.abs(found.probability - exact.probability) <= 5 * found.error).all()


def test_conditions_on_another_prediction_go_by_draws() -> None:
    logarithms = prediction()
    p = LogNormalPrediction.from_logarithms(logarithms)
    found = p.of((a > 1) & (b > 2))
    expected = logarithms.of((a > 0) & (b > float(np.log(2)))).probability
    assert (found.error > 0.0).all()
    assert (np.abs(found.probability - expected) <= 5 * found.error).all()


def test_numbers_beside_labels_are_as_exact_as_alone() -> None:
    p = prediction()
    labelled = LabelledPrediction.of_latent(
        ("a", "b", "kind"), p, (range(1), range(1, 2), range(2, 3)), {2: Labels(("no", "yes"), ordered=False)}
    )
    found = labelled.of((a > 1) & (b > 1))
    np.testing.assert_allclose(found.probability, p.of((a > 1) & (b > 1)).probability, atol=1e-12)
    assert (found.error == 0.0).all()


def test_certain_tasks_decide_with_their_bounds() -> None:
    p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.array([[1.0, 0.0]]), np.array([[[0.0, 0.0], [0.0, 1.0]]]))
    for condition, expected in {
        a >= 1: 1.0,
        a > 1: 0.0,
        a <= 1: 1.0,
        ~(a < 1): 1.0,
        (a >= 1) & (a <= 1): 1.0,
        (a >= 1) & (b > 0): 0.5,
        (a > 1) & (b > 0): 0.0,
        (a > 1) | (b > 0): 0.5,
        (a > 1) & (b > 0) & (b - a < 3): 0.0,
        (a >= 1) & (b > 0) & (b - a < 9): 0.5,
    }.items():
        assert p.of(condition).probability.item() == pytest.approx(expected, abs=1e-12), condition


def test_a_condition_on_no_task_is_certain() -> None:
    p = prediction()
    assert (p.of("1 < 2").probability == 1.0).all()
    assert (p.of("2 < 2").probability == 0.0).all()
    np.testing.assert_array_equal(p.of("2 <= 2 and a > 1").probability, p.of("a > 1").probability)


def test_draws_that_decide_nothing_are_counted() -> None:
    p = NormalPrediction(("a",), pd.RangeIndex(2), np.array([[0.5], [-60.0]]), np.ones((2, 1, 1)))
    found = p.of(log(a) < 0, tolerance=0.004)
    assert found.invalid[0] == pytest.approx(norm.cdf(-0.5), abs=0.003)
    inside = (norm.cdf(0.5) - norm.cdf(-0.5)) / norm.cdf(0.5)
    assert found.probability[0] == pytest.approx(inside, abs=5 * found.error[0])
    assert np.isnan(found.probability[1])
    assert found.invalid[1] == 1.0
    guarded = p.of((a > 0) & (log(a) < 0))
    assert (guarded.invalid == 0.0).all()
    assert guarded.probability[1] == 0.0
    assert np.isnan(p.of(log(a) < 0).sample(3, seed=0)[:, 1]).all()


def test_what_was_never_drawn_is_not_said_to_be_impossible() -> None:
    p = NormalPrediction(("a",), pd.RangeIndex(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
    found = p.of(exp(a) > 1e4)
    assert found.probability.item() == 0.0
    assert found.error.item() >= 1 / 65536


def test_too_few_draws_are_told() -> None:
    with pytest.warns(PrecisionWarning, match=r"a \* b > 1: \d of 3 rows have a larger error than tolerance=0.001"):
        _ = prediction().of(a * b > 1, tolerance=0.001, limit=2048).probability
    with pytest.warns(PrecisionWarning, match="rows have a larger error than tolerance=1e-06 after limit=1024 draws"):
        _ = prediction().of((a > 1) & (b > 1) & (c > 1), tolerance=1e-6, limit=1024).probability


def test_the_stated_error_is_the_scatter_over_seeds() -> None:
    p = prediction()
    for condition in (a * b > 1, (a > 1) & (b > 1) & (c > 1)):
        found = [p.of(condition, seed=seed, tolerance=0.9) for seed in range(40)]
        scatter = np.std([one.probability for one in found], axis=0, ddof=1)
        stated = np.sqrt(np.mean([one.error**2 for one in found], axis=0))
        np.testing.assert_array_less(scatter / stated, 1.5)
        np.testing.assert_array_less(stated / scatter, 2.0)


CONDITIONS: list[Condition] = [(a > 1) & (b > 1), (a > 1) & (b > 1) & (c > 1), a * b > c]


@pytest.mark.parametrize("condition", CONDITIONS, ids=repr)
def test_rows_and_blocks_do_not_matter(condition: Condition, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prediction()
    whole = p.of(condition).to_frame()
    order = np.array([2, 0])
    monkeypatch.setattr(quadrature, "BLOCK", 1)
    pd.testing.assert_frame_equal(p.take(order).of(condition).to_frame(), whole.iloc[order], rtol=1e-9)
    assert len(p.take(np.array([], dtype=int)).of(condition).to_frame()) == 0


@pytest.mark.parametrize("condition", CONDITIONS, ids=repr)
def test_probabilities_are_shares_of_draws(condition: Condition) -> None:
    p, size = prediction(), 200_000
    found: ConditionPrediction = p.of(condition)
    share = found.sample(size, seed=0).mean(axis=0)
    assert (np.abs(found.probability - share) <= 5 * np.hypot(found.error, 0.5 / np.sqrt(size))).all()


def test_results_have_the_labels_and_the_names() -> None:
    found = prediction().of("1 < a < 2")
    assert list(found.to_frame().columns) == ["probability", "error", "invalid"]
    pd.testing.assert_index_equal(found.to_frame().index, ROWS)
    assert found.probability.name == "(1 < a) & (a < 2)"
    assert len(found) == 3
    assert repr(found).startswith("Probability of (1 < a) & (a < 2) at 3 rows:\n")
    many = prediction().take(np.repeat(0, 12)).of("1 < a < 2")
    assert repr(many).startswith("Probability of (1 < a) & (a < 2) at 12 rows, the first 10:\n")


def test_seeds_reproduce() -> None:
    p, condition = prediction(), a * b > c
    answer: Callable[[int], pd.Series] = lambda seed: p.of(condition, seed=seed).probability  # noqa: E731
    pd.testing.assert_series_equal(answer(1), answer(1), check_exact=True)
    assert (answer(1) != answer(2)).any()
