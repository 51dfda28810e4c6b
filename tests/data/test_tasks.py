from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfgp.data import Tasks
from mfgp.errors import ColumnError, DataError, DataTypeError

INDEX = pd.Index(["p", "q", "r"])
X = pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=INDEX)
Y = pd.DataFrame({"low": [1, 2, 3], "high": [4.0, np.nan, 6.0], "top": [np.nan, np.nan, 9.0]}, index=INDEX)
TASKS = Tasks.learn(Y)


@given(order=st.permutations(list(Y.columns)))
def test_the_order_of_columns_does_not_matter(order: list[str]) -> None:
    np.testing.assert_array_equal(TASKS.read(Y[order], X), Y.to_numpy())
    np.testing.assert_array_equal(TASKS.read_noise(Y[order], X), Y.to_numpy())
    np.testing.assert_array_equal(TASKS.read_given(Y[order], X), Y.to_numpy())


@pytest.mark.parametrize(
    ("table", "names", "form"),
    [
        (Y, ("low", "high", "top"), "frame"),
        (Y.set_axis([2, 1, 0], axis="columns"), (2, 1, 0), "frame"),
        (Y["low"], ("low",), "series"),
        (Y["low"].rename(None), ("y",), "series"),
        (Y.to_numpy(), ("y0", "y1", "y2"), "matrix"),
        ([[1, 2], [3, None]], ("y0", "y1"), "matrix"),
        ([1, 2, 3], ("y",), "vector"),
    ],
)
def test_names_and_form(table: object, names: tuple[object, ...], form: str) -> None:
    assert Tasks.learn(table) == Tasks(names, form)


@pytest.mark.parametrize("table", [Y, Y["low"], Y.to_numpy(), Y["low"].to_numpy()])
def test_what_was_read_is_presented_as_it_came(table: object) -> None:
    tasks = Tasks.learn(table)
    shown = tasks.present(tasks.read(table, X), INDEX)
    assert type(shown) is type(table)
    if isinstance(shown, pd.DataFrame):
        pd.testing.assert_frame_equal(shown, table.astype(float))
    elif isinstance(shown, pd.Series):
        pd.testing.assert_series_equal(shown, table.astype(float))
    else:
        np.testing.assert_array_equal(shown, table)


def test_tuples_are_presented_as_levels() -> None:
    frame = Y.set_axis(pd.MultiIndex.from_tuples([("dft", "pbe"), ("dft", "hse"), ("expt", "")]), axis="columns")
    tasks = Tasks.learn(frame)
    pd.testing.assert_frame_equal(tasks.present(tasks.read(frame, X), INDEX), frame.astype(float))


def test_it_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(TASKS)) == TASKS


def test_an_array_stands_for_the_tasks_in_their_order() -> None:
    np.testing.assert_array_equal(TASKS.read(Y.to_numpy(), X), Y.to_numpy())


def test_a_series_stands_for_the_only_task() -> None:
    tasks = Tasks.learn(Y["low"])
    np.testing.assert_array_equal(tasks.read_noise(pd.Series([0.1, np.nan, 0.0], INDEX), X), [[0.1], [np.nan], [0.0]])


def test_columns_may_be_left_out_of_noise_and_of_what_is_given() -> None:
    expected = np.full((3, 3), np.nan)
    expected[:, 1] = [4.0, np.nan, 6.0]
    for given_ in (Y[["high"]], Y["high"]):
        np.testing.assert_array_equal(TASKS.read_noise(given_, X), expected)
        np.testing.assert_array_equal(TASKS.read_given(given_, X), expected)


def test_noise_where_nothing_was_measured_is_fine() -> None:
    assert (TASKS.read_noise(np.full((3, 3), 0.1), X) == 0.1).all()


def test_what_is_given_may_be_nothing() -> None:
    assert np.isnan(TASKS.read_given(Y * np.nan, X)).all()


def test_a_target_is_needed() -> None:
    with pytest.raises(DataError, match="requires y to be passed, but the target y is None"):
        Tasks.learn(None)


@pytest.mark.parametrize("table", [1.0, np.zeros((1, 1, 1)), Y[[]], {"a": 1}])
def test_one_or_two_dimensions_are_needed(table: object) -> None:
    with pytest.raises(DataError, match=r"Y has the shape \(.*\), expected \(rows, tasks\) or, for a single task"):
        Tasks.learn(table)


def test_a_number_is_no_noise() -> None:
    with pytest.raises(DataError, match=r"noise has the shape \(\), expected \(rows, tasks\)"):
        TASKS.read_noise(0.1, X)


@pytest.mark.parametrize("read", [Tasks.read, Tasks.read_noise, Tasks.read_given])
def test_a_name_may_come_once(read: object) -> None:
    repeated = Y[["low", "high", "low"]]
    with pytest.raises(ColumnError, match="Y has 'low' more than once"):
        Tasks.learn(repeated)
    with pytest.raises(ColumnError, match="(Y|noise|given) has 'low' more than once"):
        read(TASKS, repeated, X)


def test_a_missing_task_is_named() -> None:
    with pytest.raises(ColumnError, match="Y lacks the columns 'high': give all of 'low', 'high', 'top'"):
        TASKS.read(Y[["low", "top"]], X)


@pytest.mark.parametrize(
    ("read", "name"), [(Tasks.read, "Y"), (Tasks.read_noise, "noise"), (Tasks.read_given, "given")]
)
def test_an_unknown_task_is_named(read: object, name: str) -> None:
    with pytest.raises(ColumnError, match=f"{name} has the columns 'mid' that are no tasks: give 'low', 'high', 'top'"):
        read(TASKS, Y.assign(mid=1.0), X)


def test_the_name_of_an_argument_is_the_callers() -> None:
    with pytest.raises(DataError, match="y has 2 rows and X has 3: give one row of y"):
        TASKS.read_given(Y.iloc[:2], X, "y")


def test_a_task_needs_a_value() -> None:
    with pytest.raises(DataError, match="Y has no value at all for 'high', 'top': a task needs at least one"):
        TASKS.read(Y.assign(high=np.nan, top=None), X)


def test_an_array_needs_a_column_for_each_task() -> None:
    with pytest.raises(DataError, match=r"noise has no column names and its shape is \(3,\), .* each of the 3 tasks"):
        TASKS.read_noise(np.zeros(3), X)


def test_noise_is_not_negative() -> None:
    with pytest.raises(DataError, match="noise is negative for 'low': give standard deviations, zero or more"):
        TASKS.read_noise(Y.assign(low=-1.0), X)


@pytest.mark.parametrize(
    ("read", "name"), [(Tasks.read, "Y"), (Tasks.read_noise, "noise"), (Tasks.read_given, "given")]
)
def test_infinity_is_refused(read: object, name: str) -> None:
    with pytest.raises(DataError, match=f"column 'low' of {name} holds infinity in 3 of 3 rows"):
        read(TASKS, Y.assign(low=np.inf), X)


def test_text_is_refused() -> None:
    with pytest.raises(ColumnError, match="column 'high' of Y holds text, for example 'n/a'.*pd.to_numeric"):
        TASKS.read(Y.assign(high=["n/a", "1", "2"]), X)


def test_objects_are_refused() -> None:
    with pytest.raises(DataTypeError, match="column 'high' of Y holds an object that is not a number"):
        TASKS.read(Y.assign(high=[[1], [2], [3]]), X)


def test_rows_are_those_of_the_inputs() -> None:
    with pytest.raises(DataError, match="Y has 2 rows and X has 3"):
        TASKS.read(Y.iloc[:2], X)
    with pytest.raises(DataError, match="Y and X have different row labels"):
        TASKS.read(Y.iloc[::-1], X)
