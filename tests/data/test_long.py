from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfgp.data import Observations, from_long
from mfgp.errors import ColumnError, DataError, DataTypeError

ROLES = {"inputs": ["size", "metal"], "task": "method", "value": "gap", "noise": "error"}
LONG = pd.DataFrame(
    {
        "metal": ["Zn", "Zn", "Cd", "Zn", "Cd"],
        "size": [1, 1, 2, 1, 2],
        "method": ["pbe", "hse", "pbe", "hse", "expt"],
        "gap": [0.5, 1.1, 0.7, 1.2, np.nan],
        "error": [np.nan, 0.1, np.nan, 0.2, 0.3],
        "remark": "",
    }
)


@st.composite
def long_tables(draw: st.DrawFn) -> pd.DataFrame:
    lines = draw(
        st.lists(
            st.tuples(
                st.integers(0, 2),
                st.integers(0, 1),
                st.sampled_from("abc"),
                st.integers(0, 5),
                st.sampled_from([0.1, 0.2]),
            ),
            min_size=1,
            max_size=12,
        )
    )
    frame = pd.DataFrame(lines, columns=["size", "metal", "method", "gap", "error"])
    return frame.astype({"size": float, "metal": float, "gap": float})


def measurements(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return sorted(frame[["size", "metal", "method", "gap", "error"]].itertuples(index=False, name=None))


@given(frame=long_tables())
def test_to_wide_and_back_nothing_is_lost(frame: pd.DataFrame) -> None:
    X, Y, noise = from_long(frame, **ROLES)
    row, task = np.nonzero(Y.notna().to_numpy())
    back = X.iloc[row].assign(
        method=Y.columns[task].to_numpy(), gap=Y.to_numpy()[row, task], error=noise.to_numpy()[row, task]
    )
    assert measurements(back) == measurements(frame)


@given(frame=long_tables())
def test_wide_to_long_to_wide_is_the_same(frame: pd.DataFrame) -> None:
    X, Y, _ = from_long(frame, **ROLES)
    melted = pd.concat([X, Y], axis=1).melt(list(X.columns), var_name="method", value_name="gap")
    again, values, _ = from_long(melted, inputs=list(X.columns), task="method", value="gap", tasks=list(Y.columns))
    one = Observations.gather(X.to_numpy(), Y.to_numpy(), None)
    other = Observations.gather(again.to_numpy(), values.to_numpy(), None)
    for name in ("x", "task", "y"):
        assert getattr(one, name).equal(getattr(other, name))


@given(frame=long_tables(), seed=st.integers(0, 9))
def test_the_order_of_lines_does_not_matter_to_what_is_learned(frame: pd.DataFrame, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(frame))
    tasks = sorted(frame["method"].unique())
    tables = [from_long(table, **ROLES, tasks=tasks) for table in (frame, frame.iloc[order])]
    one, other = (Observations.gather(X.to_numpy(), Y.to_numpy(), noise.to_numpy()) for X, Y, noise in tables)
    for name in ("x", "task", "y"):
        assert getattr(one, name).equal(getattr(other, name))


@given(frame=long_tables())
def test_there_are_as_many_rows_as_the_most_measured_task_needs(frame: pd.DataFrame) -> None:
    X, Y, _ = from_long(frame, **ROLES)
    per_task = frame.groupby(["size", "metal", "method"]).size()
    assert len(X) == len(Y) == per_task.groupby(["size", "metal"]).max().sum()


def test_lines_share_a_row_and_replicates_get_their_own() -> None:
    X, Y, noise = from_long(LONG, **ROLES)
    assert X.to_dict("list") == {"size": [1, 2, 1], "metal": ["Zn", "Cd", "Zn"]}
    assert list(Y.columns) == list(noise.columns) == ["pbe", "hse", "expt"]
    np.testing.assert_array_equal(Y, [[0.5, 1.1, np.nan], [0.7, np.nan, np.nan], [np.nan, 1.2, np.nan]])
    np.testing.assert_array_equal(noise, [[np.nan, 0.1, np.nan], [np.nan] * 3, [np.nan, 0.2, np.nan]])
    assert X.index.equals(Y.index)
    assert X.index.equals(noise.index)


def test_inputs_keep_their_types() -> None:
    X, _, _ = from_long(LONG.astype({"size": "Int64", "metal": "category"}), **ROLES)
    assert [str(dtype) for dtype in X.dtypes] == ["Int64", "category"]


def test_without_a_noise_column_there_is_no_noise() -> None:
    assert from_long(LONG, inputs="size", task="method", value="gap")[2] is None


def test_categories_give_the_order_of_tasks() -> None:
    categories = pd.CategoricalDtype(["unused", "expt", "hse", "pbe"])
    _, Y, _ = from_long(LONG.astype({"method": categories}), **ROLES)
    assert list(Y.columns) == ["expt", "hse", "pbe"]


def test_tasks_are_taken_in_the_order_wanted() -> None:
    X, Y, _ = from_long(LONG, **ROLES, tasks=["hse", "pbe"])
    assert list(Y.columns) == ["hse", "pbe"]
    X, Y, _ = from_long(LONG, **ROLES, tasks=["hse"])
    assert Y["hse"].tolist() == [1.1, 1.2]
    assert len(X) == 2


def test_one_input_may_go_by_any_name() -> None:
    frame = LONG.rename(columns={"size": 0})
    alone, listed = (from_long(frame, **{**ROLES, "inputs": name})[0] for name in (0, [0]))
    pd.testing.assert_frame_equal(alone, listed)
    assert list(alone.columns) == [0]


def test_a_gap_does_not_make_a_replicate() -> None:
    long = pd.DataFrame({"size": [1, 1], "method": ["a", "a"], "gap": [None, 1.0]})
    X, Y, _ = from_long(long, inputs=["size"], task="method", value="gap")
    assert (len(X), Y["a"].tolist()) == (1, [1.0])


def test_a_frame_is_needed() -> None:
    with pytest.raises(DataTypeError, match="frame is a dict, expected a pandas.DataFrame"):
        from_long({"size": [1]}, **ROLES)


def test_an_input_is_needed() -> None:
    with pytest.raises(ColumnError, match="inputs is empty, expected at least one column"):
        from_long(LONG, **{**ROLES, "inputs": []})


@pytest.mark.parametrize("role", ROLES)
def test_a_missing_column_is_named(role: str) -> None:
    with pytest.raises(
        ColumnError, match="frame lacks the columns 'nowhere': its columns are 'metal', 'size', 'method'"
    ):
        from_long(LONG, **{**ROLES, role: "nowhere"})


def test_an_input_that_is_no_column_and_no_list_is_named() -> None:
    with pytest.raises(ColumnError, match="frame lacks the columns 7: its columns are 'metal', 'size', 'method'"):
        from_long(LONG, **{**ROLES, "inputs": 7})


@pytest.mark.parametrize("tasks", ["pbe", 7])
def test_tasks_are_a_list(tasks: object) -> None:
    with pytest.raises(DataTypeError, match=f"tasks={tasks!r}, expected a list of names: write tasks=.{tasks!r}."):
        from_long(LONG, **ROLES, tasks=tasks)


def test_a_column_has_one_role() -> None:
    with pytest.raises(ColumnError, match="'gap' is named more than once among inputs, task, value and noise"):
        from_long(LONG, **{**ROLES, "inputs": ["size", "gap"]})


def test_a_name_may_come_once() -> None:
    with pytest.raises(ColumnError, match="frame has 'gap' more than once"):
        from_long(LONG.rename(columns={"error": "gap"}), **ROLES)
    with pytest.raises(ColumnError, match="tasks has 'hse' more than once"):
        from_long(LONG, **ROLES, tasks=["hse", "hse"])


def test_text_among_values_is_refused() -> None:
    with pytest.raises(ColumnError, match="column 'gap' of frame holds text, for example '> 5'"):
        from_long(LONG.assign(gap=["> 5", 1, 2, 3, 4]), **ROLES)


def test_infinity_among_values_is_refused() -> None:
    with pytest.raises(DataError, match="column 'error' of frame holds infinity in 5 of 5 rows"):
        from_long(LONG.assign(error=np.inf), **ROLES)


def test_a_line_needs_its_task() -> None:
    with pytest.raises(DataError, match=r"column 'method' of frame, the task, is missing in 1 of 5 lines.*dropna"):
        from_long(LONG.assign(method=["pbe", None, "pbe", "hse", "expt"]), **ROLES)


def test_an_absent_task_is_named() -> None:
    with pytest.raises(DataError, match="no line of frame is of the tasks 'gw': its tasks are 'pbe', 'hse', 'expt'"):
        from_long(LONG, **ROLES, tasks=["pbe", "gw"])


def test_a_value_is_needed() -> None:
    with pytest.raises(DataError, match="column 'gap' of frame has no value for any of the tasks 'expt'"):
        from_long(LONG, **ROLES, tasks=["expt"])
