from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfgp.data import Inputs
from mfgp.errors import ColumnError, DataError, DataTypeError

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "c": [7, 8, 9]}, index=["p", "q", "r"])


@given(order=st.permutations(list(FRAME.columns)))
def test_the_order_of_columns_does_not_matter(order: list[str]) -> None:
    x, index = Inputs.learn(FRAME).read(FRAME[order])
    np.testing.assert_array_equal(x, FRAME.to_numpy())
    assert index.equals(FRAME.index)


@given(order=st.permutations(range(len(FRAME))))
def test_rows_stay_in_the_order_given(order: list[int]) -> None:
    x, index = Inputs.learn(FRAME).read(FRAME.iloc[order])
    np.testing.assert_array_equal(x, FRAME.to_numpy()[order])
    assert list(index) == [FRAME.index[position] for position in order]


def test_a_repeated_row_label_is_no_matter() -> None:
    x, index = Inputs.learn(FRAME).read(FRAME.set_axis(["p", "p", "p"]))
    assert x.shape == (3, 3)
    assert list(index) == ["p", "p", "p"]


@pytest.mark.parametrize(
    "values", [[[1, 2], [3, 4]], ((1, 2), (3, 4)), np.array([[1, 2], [3, 4]], order="F"), np.matrix([[1, 2], [3, 4]])]
)
def test_an_array_has_numbered_columns_and_rows(values: object) -> None:
    inputs = Inputs.learn(values)
    x, index = inputs.read(values)
    assert inputs == Inputs(("x0", "x1"), named=False)
    assert type(x) is np.ndarray
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert index.equals(pd.RangeIndex(2))


def test_a_masked_value_is_missing() -> None:
    values = np.ma.masked_array([[1.0, 2.0]], [[False, True]])
    with pytest.raises(DataError, match="X holds NaN, of 1 rows: 'x1' in 1 rows"):
        Inputs.learn(values).read(values)


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (FRAME, ["a", "b", "c"]),
        (FRAME.set_axis([0, 1, 2], axis="columns"), None),
        (FRAME.set_axis(["a", 1, 2], axis="columns"), None),
        (FRAME.to_numpy(), None),
    ],
)
def test_only_names_that_are_all_strings_are_feature_names(table: object, names: list[str] | None) -> None:
    found = Inputs.learn(table).feature_names_in
    assert found is None if names is None else found.tolist() == names


def test_names_need_not_be_strings() -> None:
    frame = FRAME.set_axis(pd.MultiIndex.from_tuples([("u", 1), ("u", 2), ("v", 1)]), axis="columns")
    inputs = Inputs.learn(frame)
    x, _ = inputs.read(frame.iloc[:, ::-1])
    assert inputs.columns == (("u", 1), ("u", 2), ("v", 1))
    np.testing.assert_array_equal(x, FRAME.to_numpy())


def test_it_survives_pickling() -> None:
    inputs = Inputs.learn(FRAME)
    assert pickle.loads(pickle.dumps(inputs)) == inputs


def test_like_for_like_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Inputs.learn(FRAME).read(FRAME)
        Inputs.learn(FRAME.to_numpy()).read(FRAME.to_numpy())


def test_an_array_for_a_frame_is_read_by_position_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="X does not have valid feature names, but the model was fitted with 'a', 'b'"):
        x, _ = Inputs.learn(FRAME).read(FRAME.to_numpy())
    np.testing.assert_array_equal(x, FRAME.to_numpy())


def test_a_frame_for_an_array_is_read_by_position_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="X has feature names, but the model was fitted without"):
        x, _ = Inputs.learn(FRAME.to_numpy()).read(FRAME)
    np.testing.assert_array_equal(x, FRAME.to_numpy())


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ColumnError, match="X lacks the columns 'b' of the fit: give all of 'a', 'b', 'c'"):
        Inputs.learn(FRAME).read(FRAME[["a", "c"]])


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(ColumnError, match=r"columns 'd' that the fit did not have: write X\[\['a', 'b', 'c'\]\]"):
        Inputs.learn(FRAME).read(FRAME.assign(d=1))


@pytest.mark.parametrize("fitted", [FRAME, FRAME.to_numpy()])
def test_another_width_is_refused_in_scikit_learns_words(fitted: object) -> None:
    with pytest.raises(DataError, match="X has 1 features, but mfgp is expecting 3 features as input: give one column"):
        Inputs.learn(fitted).read(np.zeros((2, 1)))


@pytest.mark.parametrize("gap", [np.nan, None, pd.NA])
def test_a_missing_value_is_counted(gap: object) -> None:
    frame = FRAME.assign(b=pd.Series([1.0, gap, gap], index=FRAME.index, dtype=object))
    with pytest.raises(DataError, match="X holds NaN, of 3 rows: 'b' in 2 rows. Every input has to be known"):
        Inputs.learn(frame).read(frame)


def test_text_and_categories_are_read_as_codes() -> None:
    kinds = pd.Categorical(["mild", "hot", "mild"], categories=["mild", "hot", "unused"])
    frame = FRAME.assign(metal=["tin", "lead", "tin"], kind=kinds)
    inputs = Inputs.learn(frame)
    assert inputs.counts == {3: 2, 4: 2}
    assert inputs.levels[4].values == ("mild", "hot")
    x, _ = inputs.read(frame)
    assert x[:, 3:].tolist() == [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    np.testing.assert_array_equal(x[:, :3], FRAME.to_numpy())


def test_levels_not_seen_before_get_codes_of_their_own_or_are_refused() -> None:
    frame = FRAME.assign(metal=["tin", "lead", "tin"])
    new = frame.assign(metal=["zinc", "lead", "gold"])
    inputs = Inputs.learn(frame)
    assert inputs.read(new)[0][:, 3].tolist() == [3.0, 0.0, 2.0]
    with pytest.raises(DataError, match="holds the levels 'gold', 'zinc' that the fit did not have.*unseen='prior'"):
        inputs.read(new, unseen="error")


def test_a_category_that_is_missing_is_counted() -> None:
    frame = FRAME.assign(metal=["tin", None, "tin"])
    with pytest.raises(DataError, match="'metal' in 1 rows.*a level of their own, such as 'unknown'"):
        Inputs.learn(frame).read(frame)


def test_text_where_the_fit_had_numbers_is_refused() -> None:
    with pytest.raises(ColumnError, match="column 'b' of X holds text, for example 'tin', expected numbers"):
        Inputs.learn(FRAME).read(FRAME.assign(b="tin"))


def test_a_table_is_read_back_as_it_was() -> None:
    frame = FRAME.assign(metal=["tin", "lead", "tin"])[["a", "metal", "c", "b"]].set_axis(["p", "p", "q"])
    inputs = Inputs.learn(frame)
    table = inputs.table(frame)
    assert list(table.columns) == list(frame.columns)
    assert Inputs.learn(table) == inputs
    np.testing.assert_array_equal(Inputs.learn(table).read(table)[0], inputs.read(frame)[0])


def test_only_the_levels_of_some_rows_are_kept() -> None:
    frame = FRAME.assign(metal=["tin", "lead", "gold"]).astype({"metal": "category"})
    inputs = Inputs.learn(frame)
    kept = inputs.only(inputs.read(frame)[0][1:])
    assert kept.levels[3].values == ("gold", "lead")


def test_a_dictionary_in_a_cell_is_a_type_error_in_numpys_words() -> None:
    values = np.zeros((2, 2), dtype=object)
    values[0, 0] = {"foo": "bar"}
    with pytest.raises(DataTypeError, match="argument must be .* string.* number"):
        Inputs.learn(values).read(values)


@pytest.mark.parametrize("values", [[1.0, 2.0], FRAME["a"], 1.0, np.zeros((2, 2, 2)), None])
def test_two_dimensions_are_needed(values: object) -> None:
    with pytest.raises(DataError, match=r"X has the shape \(.*\), expected \(rows, columns\). Reshape your data"):
        Inputs.learn(values)


def test_a_row_is_needed() -> None:
    with pytest.raises(DataError, match=r"X has 0 row\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"):
        Inputs.learn(FRAME.iloc[:0])


def test_a_column_is_needed() -> None:
    with pytest.raises(DataError, match=r"X has 0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is required"):
        Inputs.learn(FRAME[[]])


def test_a_name_may_come_once() -> None:
    with pytest.raises(ColumnError, match="X has 'a' more than once"):
        Inputs.learn(FRAME[["a", "b", "a"]])
