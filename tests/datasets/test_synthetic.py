from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from mfgp.datasets import Synthetic, borehole, currin, forrester, park
from mfgp.errors import ColumnError, DataError, ParameterError

PROBLEMS = [forrester, currin, park, borehole]
THREE_LEVELS = Synthetic(
    "Three",
    {"a": (0.0, 1.0), "b": (-5.0, 10.0)},
    {task: lambda x, k=k: k * x.sum(1) for k, task in enumerate(("low", "medium", "high"))},
    "made up",
)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_sample_returns_the_truth_within_the_bounds(problem: Synthetic) -> None:
    X, Y = problem.sample({"high": 7, "low": 40}, random_state=3)
    assert list(X) == problem.inputs
    assert list(Y) == ["low", "high"]
    assert Y.notna().sum().to_dict() == {"low": 40, "high": 7}
    assert (Y.notna().sum(axis=1) == 1).all()
    low, high = np.array(list(problem.bounds.values())).T
    assert (X.ge(low) & X.le(high)).all(axis=None)
    pd.testing.assert_frame_equal(problem.truth(X).where(Y.notna()), Y)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_each_task_has_a_latin_hypercube(problem: Synthetic) -> None:
    X, Y = problem.sample({"low": 20, "high": 6}, random_state=0)
    low, high = np.array(list(problem.bounds.values())).T
    for task, n in {"low": 20, "high": 6}.items():
        strata = np.floor((X[Y[task].notna()] - low) / (high - low) * n)
        assert all(sorted(strata[name]) == list(range(n)) for name in problem.inputs)


@pytest.mark.parametrize("nested", [False, True])
def test_a_seed_repeats_a_sample(nested: bool) -> None:
    first, again, other = (park.sample({"low": 9, "high": 4}, nested=nested, random_state=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first[0], again[0])
    pd.testing.assert_frame_equal(first[1], again[1])
    assert not first[0].equals(other[0])


def test_a_nested_sample_keeps_the_design_of_the_highest_fidelity() -> None:
    sizes = {"low": 30, "medium": 12, "high": 5}
    X, Y = THREE_LEVELS.sample(sizes, nested=True, random_state=0)
    assert len(X) == 30
    assert Y.notna().sum().to_dict() == sizes
    assert Y[Y["high"].notna()].notna().all(axis=None)
    assert Y[Y["medium"].notna()]["low"].notna().all()
    unit = (X - [0, -5]) / [1, 15]
    top = np.floor(unit[Y["high"].notna()] * 5)
    assert sorted(top["a"]) == sorted(top["b"]) == list(range(5))


def test_a_nested_sample_still_fills_the_space() -> None:
    X, _ = THREE_LEVELS.sample({"low": 40, "medium": 20, "high": 8}, nested=True, random_state=0)
    unit = qmc.scale(X.to_numpy(), [0, -5], [1, 10], reverse=True)
    scattered = np.random.default_rng(0).random((200, 40, 2))
    assert qmc.discrepancy(unit) < np.mean([qmc.discrepancy(design) for design in scattered]) / 2


def test_noise_has_the_deviation_asked_for_of_each_task() -> None:
    X, Y = forrester.sample({"low": 2000, "high": 2000}, noise={"high": 0.5}, random_state=0)
    deviation = (Y - forrester.truth(X)).std()
    assert deviation["low"] == 0
    assert deviation["high"] == pytest.approx(0.5, rel=0.05)
    X, Y = forrester.sample({"low": 2000}, noise=0.5, random_state=0)
    assert list(Y) == ["low"]
    assert (Y - forrester.truth(X))["low"].std() == pytest.approx(0.5, rel=0.05)


def test_noise_leaves_the_design_as_it_was() -> None:
    quiet, _ = currin.sample({"low": 12, "high": 5}, random_state=4)
    loud, _ = currin.sample({"low": 12, "high": 5}, noise=1.0, random_state=4)
    pd.testing.assert_frame_equal(quiet, loud)


def test_truth_takes_columns_in_any_order_and_keeps_the_index() -> None:
    X, _ = borehole.sample({"high": 6}, random_state=0)
    X.index = list("uvwxyz")
    pd.testing.assert_frame_equal(borehole.truth(X[X.columns[::-1]]), borehole.truth(X))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sizes": {"mid": 3}}, r"sizes names \['mid'\]; the tasks of Forrester are \['low', 'high'\]"),
        ({"sizes": {}}, "one observation or more"),
        ({"sizes": {"low": 0}}, "one observation or more"),
        (
            {"sizes": {"low": 4, "high": 5}, "nested": True},
            "write smaller sizes for higher fidelities, or nested=False",
        ),
        ({"sizes": {"low": 4}, "noise": -1.0}, "noise=-1.0 is a standard deviation"),
        ({"sizes": {"low": 4}, "noise": {"low": float("nan")}}, "write zero or a positive number"),
        ({"sizes": {"low": 4}, "noise": {"mid": 1.0}}, r"noise names \['mid'\]"),
    ],
)
def test_a_sample_that_means_nothing_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        forrester.sample(**arguments)


def test_truth_names_a_missing_input() -> None:
    with pytest.raises(ColumnError, match=r"X lacks the inputs \['x2'\] of Currin; give all of \['x1', 'x2'\]"):
        currin.truth(pd.DataFrame({"x1": [0.1]}))


@pytest.mark.parametrize("value", [1.5, float("nan")])
def test_truth_names_the_value_outside_the_bounds(value: float) -> None:
    X = pd.DataFrame({"x1": [0.1, 0.2], "x2": [0.5, value]}, index=["a", "b"])
    with pytest.raises(DataError, match=rf"x2={value:g} in row 'b' lies outside \[0, 1\]"):
        currin.truth(X)
