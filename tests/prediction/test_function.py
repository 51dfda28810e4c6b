from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import cauchy, foldnorm, lognorm, norm

from mfgp import exp, log, maximum, parse, sqrt, task
from mfgp.errors import ColumnError, DataTypeError, ExpressionError, ParameterError, PrecisionWarning
from mfgp.expressions import Quantity
from mfgp.prediction import NormalPrediction, condition, quadrature
from tests.prediction.predictions import LogNormalPrediction, random_prediction

a, b, c = task("a"), task("b"), task("c")
ROWS = pd.Index(["x", "y", "z"], name="place")


def prediction(scale: float = 0.4) -> NormalPrediction:
    """Three correlated tasks at three rows."""
    generator = np.random.default_rng(7)
    roots = generator.standard_normal((3, 3, 3))
    covariance = scale**2 * (roots @ roots.transpose(0, 2, 1) + 0.5 * np.eye(3))
    return NormalPrediction(
        ("a", "b", "c"), ROWS, np.array([[1.0, 2.0, 1.5], [0.0, 0.5, -0.5], [3.0, 2.5, 2.0]]), covariance
    )


# Linear functions: exact.


@given(st.lists(st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0]), min_size=4, max_size=4))
def test_a_linear_function_is_the_weighted_sum(numbers: list[float]) -> None:
    p, (*weights, offset) = prediction(), numbers
    function = p.of(weights[0] * a + weights[1] * b - (-weights[2]) * c + offset)
    w = np.array(weights)
    np.testing.assert_allclose(function.mean, p.means @ w + offset, atol=1e-12)
    variance = np.einsum("i,nij,j->n", w, p.covariance, w)
    np.testing.assert_allclose(function.std, np.sqrt(variance.clip(0)), atol=1e-7)
    bounds = norm.ppf([[0.05], [0.95]], function.mean, function.std.clip(1e-300)).T
    np.testing.assert_allclose(function.interval(0.9), bounds, atol=1e-7)
    assert (function.errors() == 0.0).all(axis=None)
    assert (function.invalid == 0.0).all()
    assert function.settled.all()


def test_a_linear_function_agrees_with_a_million_joint_draws() -> None:
    p, size = prediction(), 1_000_000
    function = p.of(2 * a - b + c / 4 - 1)
    draws = function.sample(size, seed=0)
    std = function.std.to_numpy()
    assert (np.abs(draws.mean(0) - function.mean) < 4 * std / np.sqrt(size)).all()
    assert (np.abs(draws.std(0) - std) < 4 * std / np.sqrt(2 * size)).all()
    for probability in (0.05, 0.5, 0.99):
        share = (draws < function.quantile(probability).to_numpy()).mean(0)
        assert (np.abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / size)).all()


def test_one_task_is_the_prediction_of_it() -> None:
    p = random_prediction()
    function = p.of(task(3))
    np.testing.assert_array_equal(function.mean, p.mean[3])
    np.testing.assert_array_equal(function.std, p.std[3])
    np.testing.assert_allclose(function.interval(0.8), p.interval(0.8)[3])


def test_what_tasks_share_cancels_in_their_difference() -> None:
    covariance = np.array([[[1.0, 0.99], [0.99, 1.0]]])
    p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), covariance)
    assert p.of(a - b).std.item() == pytest.approx(np.sqrt(0.02))
    assert p.of(a + b).std.item() == pytest.approx(np.sqrt(3.98))


def test_a_function_of_no_task_is_certain() -> None:
    function = prediction().of("2 * 3 + exp(0)")
    np.testing.assert_allclose(function.mean, 7.0)
    assert (function.std == 0.0).all()


# Nonlinear functions with known moments: of m = means, C = covariance at a row.


def folded(m: float, v: float) -> tuple[float, float]:
    shape = abs(m) / np.sqrt(v)
    mean, variance = foldnorm.stats(shape, scale=np.sqrt(v))
    return float(mean), float(np.sqrt(variance))


def greater(m: np.ndarray, C: np.ndarray) -> tuple[float, float]:
    """Of the larger of two normal variables (Clark 1961)."""
    spread = np.sqrt(C[0, 0] + C[1, 1] - 2 * C[0, 1])
    alpha = (m[0] - m[1]) / spread
    mean = m[0] * norm.cdf(alpha) + m[1] * norm.cdf(-alpha) + spread * norm.pdf(alpha)
    square = (m[0] ** 2 + C[0, 0]) * norm.cdf(alpha) + (m[1] ** 2 + C[1, 1]) * norm.cdf(-alpha)
    square += (m[0] + m[1]) * spread * norm.pdf(alpha)
    return float(mean), float(np.sqrt(square - mean**2))


def lognormal(m: float, v: float) -> tuple[float, float]:
    return float(np.exp(m + v / 2)), float(np.exp(m + v / 2) * np.sqrt(np.expm1(v)))


def product(m: np.ndarray, C: np.ndarray) -> tuple[float, float]:
    variance = m[0] ** 2 * C[1, 1] + m[1] ** 2 * C[0, 0] + 2 * m[0] * m[1] * C[0, 1] + C[0, 0] * C[1, 1] + C[0, 1] ** 2
    return float(m[0] * m[1] + C[0, 1]), float(np.sqrt(variance))


def least(m: np.ndarray, C: np.ndarray) -> tuple[float, float]:
    mean, std = greater(-m, C)
    return -mean, std


Moments = Callable[[np.ndarray, np.ndarray], tuple[float, float]]
KNOWN: dict[str, Moments] = {
    "a * b": lambda m, C: product(m, C),
    "a ** 2": lambda m, C: (m[0] ** 2 + C[0, 0], np.sqrt(4 * m[0] ** 2 * C[0, 0] + 2 * C[0, 0] ** 2)),
    "(a - c) ** 2": lambda m, C: KNOWN["a ** 2"](m[[0]] - m[[2]], (C[0, 0] + C[2, 2] - 2 * C[0, 2]).reshape(1, 1)),
    "exp(a)": lambda m, C: lognormal(m[0], C[0, 0]),
    "exp(a - b)": lambda m, C: lognormal(m[0] - m[1], C[0, 0] + C[1, 1] - 2 * C[0, 1]),
    "2 ** c": lambda m, C: lognormal(np.log(2) * m[2], np.log(2) ** 2 * C[2, 2]),
    "abs(a)": lambda m, C: folded(m[0], C[0, 0]),
    "sqrt((a + b) ** 2)": lambda m, C: folded(m[0] + m[1], C[0, 0] + C[1, 1] + 2 * C[0, 1]),
    "maximum(a, b)": lambda m, C: greater(m, C),
    "minimum(a, b)": lambda m, C: least(m, C),
    "maximum(a, 0) + minimum(a, 0)": lambda m, C: (m[0], np.sqrt(C[0, 0])),
    "log(exp(a + b + c) * exp(-c))": lambda m, C: (m[0] + m[1], np.sqrt(C[0, 0] + C[1, 1] + 2 * C[0, 1])),
}


@pytest.mark.parametrize("text", KNOWN)
@pytest.mark.parametrize("tolerance", [0.02, 0.002])
def test_moments_are_the_known_ones_within_their_error(text: str, tolerance: float) -> None:
    p = prediction(scale=0.25)
    function = p.of(text, tolerance=tolerance, limit=1 << 19)
    known = np.array([KNOWN[text](m, C) for m, C in zip(p.means, p.covariance, strict=True)])
    errors = function.errors()
    assert function.settled.all()
    assert (errors[["mean", "std"]].to_numpy() <= tolerance * function.std.to_numpy()[:, None]).all()
    for column, name in enumerate(["mean", "std"]):
        distance = np.abs(getattr(function, name) - known[:, column])
        assert (distance <= 5 * errors[name] + 1e-9).all(), name


@pytest.mark.filterwarnings("ignore::mfgp.errors.PrecisionWarning")
def test_the_stated_error_is_the_scatter_over_seeds() -> None:
    p = prediction()
    for expression, name, truth in [
        (a * exp(b), "mean", None),
        (a**2, "std", np.sqrt(4 * p.means[:, 0] ** 2 * p.covariance[:, 0, 0] + 2 * p.covariance[:, 0, 0] ** 2)),
    ]:
        answers = [p.of(expression, seed=seed, limit=1024).errors() for seed in range(40)]
        values = np.array([getattr(p.of(expression, seed=seed, limit=1024), name) for seed in range(40)])
        centre = values.mean(axis=0) if truth is None else truth
        stated = np.sqrt(np.mean([answer[name].to_numpy() ** 2 for answer in answers], axis=0))
        scatter = np.sqrt(np.mean((values - centre) ** 2, axis=0))
        np.testing.assert_array_less(scatter / stated, 1.5)
        np.testing.assert_array_less(stated / scatter, 1.5)


MONOTONE: dict[str, Callable[[NormalPrediction, float], np.ndarray]] = {
    "exp(a)": lambda p, q: lognorm.ppf(q, p.std["a"], scale=np.exp(p.mean["a"])),
    "-exp(-a)": lambda p, q: -lognorm.ppf(1 - q, p.std["a"], scale=np.exp(-p.mean["a"])),
    "(a - b) ** 3": lambda p, q: p.of(a - b).quantile(q).to_numpy() ** 3,
    "maximum(a, 1)": lambda p, q: np.maximum(p.quantile(q)["a"], 1.0),
}


@pytest.mark.parametrize("text", MONOTONE)
@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_quantiles_are_those_of_a_monotone_function(text: str, probability: float) -> None:
    p = prediction()
    function = p.of(text, tolerance=0.005)
    expected = MONOTONE[text](p, probability)
    error = function._quantiles(probability).error[:, 0]
    assert (np.abs(function.quantile(probability) - expected) <= 5 * error).all()
    assert (error <= 2 * 0.005 * 1.2 * function.std).all()


def test_what_has_no_moments_is_told_and_has_quantiles() -> None:
    """The ratio of two independent centred normal variables is a Cauchy variable."""
    p = NormalPrediction(("a", "b"), pd.RangeIndex(2), np.zeros((2, 2)), np.tile(np.diag([4.0, 1.0]), (2, 1, 1)))
    function = p.of(a / b)
    message = "a / b: 2 of 2 rows have a larger error than tolerance=0.01 after limit=65536 draws; see .error"
    with pytest.warns(PrecisionWarning, match=re.escape(message)):
        _ = function.mean
    assert not function.settled.any()
    expected = cauchy.ppf([0.05, 0.95], scale=2.0)
    interval, errors = function.interval(0.9), function.errors(0.9)
    assert (np.abs(interval - expected) <= 5 * errors[["lower", "upper"]]).all(axis=None)
    assert (errors[["lower", "upper"]] < 0.5).all(axis=None)


def test_draws_outside_the_domain_are_counted_and_left_out() -> None:
    p = NormalPrediction(("a",), pd.RangeIndex(3), np.array([[0.5], [5.0], [-50.0]]), np.tile([[1.0]], (3, 1, 1)))
    function = p.of(log(a), tolerance=0.002)
    np.testing.assert_allclose(function.invalid, [norm.cdf(-0.5), norm.cdf(-5.0), 1.0], atol=2e-3)
    inside = norm.cdf(0.5)
    mean = quad(lambda x: np.log(x) * norm.pdf(x, 0.5), 0, 12)[0] / inside
    square = quad(lambda x: np.log(x) ** 2 * norm.pdf(x, 0.5), 0, 12)[0] / inside
    assert function.mean[0] == pytest.approx(mean, abs=5 * function.error[0])
    assert function.std[0] == pytest.approx(np.sqrt(square - mean**2), abs=5 * function.errors()["std"][0])
    median = np.log(norm.ppf(1 - inside / 2, 0.5))
    assert function.quantile(0.5)[0] == pytest.approx(median, abs=0.01)
    assert np.isnan(function.to_frame().loc[2, ["mean", "std", "lower", "upper", "error"]]).all()
    far = NormalPrediction(("a",), pd.RangeIndex(2), np.array([[0.5], [90.0]]), np.tile([[1.0]], (2, 1, 1)))
    assert far.of(log(a)).invalid[1] == 0.0  # to the last bit, beside a row that has some
    np.testing.assert_array_equal(np.isnan(function.sample(100, 0)), p.sample(100, 0)[..., 0] < 0)


def test_a_number_outside_the_domain_is_invalid_everywhere() -> None:
    function = prediction().of("a + log(-1)")
    assert (function.invalid == 1.0).all()
    assert (prediction().of("log(-1)").invalid == 1.0).all()


# What must not change an answer.

CURVED = exp(a - b) / (1 + abs(c))


def agree(one: Any, other: Any) -> None:
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), rtol=1e-9, atol=1e-12)


def test_rows_are_answered_alike_in_any_order_and_company() -> None:
    p = prediction()
    whole = p.of(CURVED).to_frame()
    for rows in (np.array([2, 0, 1]), np.array([1]), slice(0, 2)):
        part = p.take(rows).of(CURVED).to_frame()
        pd.testing.assert_frame_equal(part, whole.iloc[rows], rtol=1e-9, atol=1e-12)
    assert len(p.take(np.array([], dtype=int)).of(CURVED).to_frame()) == 0


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prediction().of(CURVED)
    _ = whole.to_frame(), whole.explain()
    monkeypatch.setattr(quadrature, "BLOCK", 1)
    agree(whole, prediction().of(CURVED))
    pd.testing.assert_frame_equal(whole.explain(), prediction().of(CURVED).explain(), rtol=1e-9, atol=1e-12)


def test_tasks_that_are_not_used_do_not_matter() -> None:
    p = prediction()
    alone = p.combine(np.eye(3)[:, :1], np.zeros(1), ("a",))
    agree(p.of(exp(a)), alone.of(exp(a)))


def test_units_do_not_matter() -> None:
    p = prediction()
    far = p.combine(np.diag([1e6, 1e-6, 1.0]), np.array([0.0, 3.0, 0.0]), p.tasks)
    agree(p.of(CURVED), far.of(exp(a / 1e6 - (b - 3) * 1e6) / (1 + abs(c))))


def test_a_seed_gives_the_same_bits_and_another_seed_others() -> None:
    p = prediction()
    pd.testing.assert_frame_equal(p.of(CURVED, seed=3).to_frame(), p.of(CURVED, seed=3).to_frame(), check_exact=True)
    assert (p.of(CURVED, seed=3).mean != p.of(CURVED, seed=4).mean).all()


def test_text_and_expression_are_the_same() -> None:
    p = prediction()
    pd.testing.assert_frame_equal(p.of(repr(CURVED)).to_frame(), p.of(CURVED).to_frame(), check_exact=True)


def test_certain_rows_have_certain_functions() -> None:
    p = prediction(scale=0.0)
    function = p.of(CURVED)
    values = np.exp(p.means[:, 0] - p.means[:, 1]) / (1 + np.abs(p.means[:, 2]))
    np.testing.assert_allclose(function.mean, values)
    np.testing.assert_allclose(function.std, 0.0, atol=1e-12)
    np.testing.assert_allclose(function.interval(), np.stack([values, values], axis=1))
    assert function.settled.all()


def test_what_is_given_is_given_to_functions_of_it() -> None:
    p = prediction()
    values = np.full((3, 3), np.nan)
    values[:, 1] = 2.0
    known = NormalPrediction(p.tasks, p.index, *condition(p.means, p.covariance, values, np.zeros((3, 3))))
    function = known.of(a * b)
    np.testing.assert_allclose(function.mean, 2.0 * known.mean["a"], atol=5 * function.error.max())
    np.testing.assert_allclose(function.std, 2.0 * known.std["a"], rtol=0.05)


def test_draws_are_functions_of_the_draws_of_the_prediction() -> None:
    p = prediction()
    x = p.sample(5, seed=2)
    expected = np.exp(x[..., 0] - x[..., 1]) / (1 + np.abs(x[..., 2]))
    np.testing.assert_allclose(p.of(CURVED).sample(5, seed=2), expected)
    np.testing.assert_allclose(p.of(a - b).sample(5, seed=2), x[..., 0] - x[..., 1])


# A prediction that is not normal.


def test_linear_functions_of_another_prediction_have_its_moments() -> None:
    p = LogNormalPrediction.from_logarithms(prediction())
    function = p.of(a - 2 * b + 1)
    weights = np.array([1.0, -2.0, 0.0])
    np.testing.assert_allclose(function.mean, p.means @ weights + 1.0)
    np.testing.assert_allclose(function.std, np.sqrt(np.einsum("i,nij,j->n", weights, p.covariance, weights)))
    errors = function.errors(0.8)
    assert (errors[["mean", "std"]] == 0.0).all(axis=None)
    draws = function.sample(400_000, seed=0)
    for side, probability in (("lower", 0.1), ("upper", 0.9)):
        assert (errors[side] > 0.0).all()
        np.testing.assert_allclose((draws < function.interval(0.8)[side].to_numpy()).mean(0), probability, atol=0.01)


def test_functions_of_another_prediction_are_those_of_its_draws() -> None:
    logarithms = prediction()
    p = LogNormalPrediction.from_logarithms(logarithms)
    function, same = p.of(log(a) * sqrt(b) * c), logarithms.of(a * exp(b / 2 + c))
    drawn = ["mean", "std", "error", "invalid"]
    pd.testing.assert_frame_equal(function.to_frame()[drawn], same.to_frame()[drawn], rtol=1e-9, atol=1e-12)
    bounds = ["lower", "upper"]  # of a normal prediction, from normals that are turned
    reach = 4.0 * np.hypot(function.errors()[bounds], same.errors()[bounds])
    assert (np.abs(function.interval() - same.interval()) <= reach).all(axis=None)
    np.testing.assert_allclose(p["b"].quantile(0.7), p.quantile(0.7)[["b"]], rtol=0.03)
    np.testing.assert_allclose(p["b"].take(slice(1, 3)).sample(4, seed=0).shape, (4, 2, 1))
    sums = p.combine(np.eye(3)[:, :2], np.ones(2), ("u", "v")).combine(np.array([[1.0], [-1.0]]), np.zeros(1), ("w",))
    np.testing.assert_allclose(sums.means[:, 0], p.of(a - b).mean)
    np.testing.assert_allclose(sums.deviations[:, 0], p.of(a - b).std)


# What a user sees.


def test_results_have_the_labels_and_the_names() -> None:
    function = prediction().of(a - b)
    assert list(function.to_frame().columns) == ["mean", "std", "lower", "upper", "error", "invalid"]
    for part in (function.to_frame(), function.interval(), function.mean, function.quantile(0.3), function.errors()):
        pd.testing.assert_index_equal(part.index, ROWS)
    assert function.mean.name == "a - b"
    assert len(function) == 3
    assert repr(function).startswith("Prediction of a - b at 3 rows:\n")
    assert "upper" in repr(function)


def test_a_description_computes_a_few_rows() -> None:
    many = random_prediction(30).of(abs(task("low")))
    assert repr(many).startswith("Prediction of abs(low) at 30 rows, the first 10:\n")
    assert "row 9" in repr(many)
    assert "row 10" not in repr(many)
    assert "_moments" not in vars(many)


def test_the_level_reaches_the_table() -> None:
    function = prediction().of(a - b)
    assert (function.to_frame(0.5)["upper"] < function.to_frame(0.9)["upper"]).all()


def test_intervals_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    function = prediction().of(CURVED)
    first = function.interval()
    monkeypatch.setattr(quadrature.Quadrature, "estimate", None)
    pd.testing.assert_frame_equal(function.interval(), first)


P = prediction()
WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "text": (
        lambda: P.of("a - d"),
        ExpressionError,
        r"column 5: there is no task 'd'; the tasks are \['a', 'b', 'c'\]",
    ),
    "expression": (lambda: P.of(a - task("d")), ColumnError, r"there is no task 'd'.*, in a - d"),
    "condition": (lambda: P.of(a > task("d")), ColumnError, r"there is no task 'd'.*, in a > d"),
    "kind": (lambda: P.of(3), DataTypeError, "3 of type int is no expression; write one with mfgp.task"),  # type: ignore[call-overload]
    "level": (lambda: P.of(a).interval(90), ParameterError, "level=90, expected a probability between 0 and 1"),
    "probability": (lambda: P.of(a).quantile(1.0), ParameterError, "probability=1.0, expected a probability"),
    "tolerance": (lambda: P.of(a, tolerance=0), ParameterError, "tolerance=0, expected a share of the deviation"),
    "limit": (lambda: P.of(a, limit=100), ParameterError, "limit=100, expected a whole number .* at least 1024"),
    "seed": (lambda: P.of(a, seed=-1), ParameterError, "seed=-1, expected a whole number from 0 on"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused(what: str) -> None:
    ask, kind, message = WRONG[what]
    with pytest.raises(kind, match=message):
        ask()


def test_the_parser_gives_what_of_takes() -> None:
    quantity = parse("a - b")
    assert isinstance(quantity, Quantity)
    assert P.of(quantity).expression == maximum(a, b).arguments[0] - b  # type: ignore[attr-defined]
