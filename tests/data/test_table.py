from __future__ import annotations

import datetime
import decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mfgp.data.table import (
    as_table,
    listed,
    read_numbers,
    require_same_rows,
    require_two_dimensions,
    require_unique,
)
from mfgp.errors import ColumnError, DataError, DataTypeError

WHOLE = [
    "int8",
    "int64",
    "uint16",
    "float32",
    "float64",
    "object",
    "Int64",
    "Float64",
    "int64[pyarrow]",
    "double[pyarrow]",
]
NULLABLE = ["object", "Int64", "Float64", "int64[pyarrow]", "double[pyarrow]", "float64"]


@given(values=st.lists(st.integers(0, 100), min_size=1), dtype=st.sampled_from(WHOLE))
def test_the_type_of_a_column_does_not_matter(values: list[int], dtype: str) -> None:
    numbers = read_numbers(pd.DataFrame({"a": pd.Series(values, dtype=dtype)}), "X")
    np.testing.assert_array_equal(numbers[:, 0], values)
    assert numbers.dtype == np.float64


@given(values=st.lists(st.integers(0, 100) | st.none(), min_size=1), dtype=st.sampled_from(NULLABLE))
def test_every_way_of_saying_missing_is_nan(values: list[int | None], dtype: str) -> None:
    numbers = read_numbers(pd.DataFrame({"a": pd.Series(values, dtype=dtype)}), "X")
    np.testing.assert_array_equal(numbers[:, 0], [np.nan if value is None else value for value in values])


@given(values=arrays(np.float64, (4, 3), elements=st.floats(allow_infinity=False)))
def test_floats_are_read_bit_for_bit_and_copied(values: np.ndarray) -> None:
    frame = pd.DataFrame(values)
    numbers = read_numbers(frame, "X")
    np.testing.assert_array_equal(numbers, values)
    assert numbers.flags.c_contiguous
    assert numbers.flags.writeable
    assert not np.shares_memory(numbers, values)


@pytest.mark.parametrize("dtype", ["bool", "boolean", "bool[pyarrow]", "object"])
def test_booleans_are_zero_and_one(dtype: str) -> None:
    frame = pd.DataFrame({"a": pd.Series([True, False], dtype=dtype)})
    assert read_numbers(frame, "X").tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    "values",
    [
        [decimal.Decimal("0.5"), None],
        [Fraction(1, 2), pd.NA],
        [np.float32(0.5), np.nan],
        pd.Series([decimal.Decimal("0.5"), None], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
        pd.Series([0.5, np.nan], dtype="Sparse[float64]"),
    ],
)
def test_numbers_of_other_types_are_numbers(values: object) -> None:
    np.testing.assert_array_equal(read_numbers(pd.DataFrame({"a": values}), "X"), [[0.5], [np.nan]])


@pytest.mark.parametrize("values", [[None, None], pd.Series([None, None], dtype="null[pyarrow]"), [pd.NaT, pd.NaT]])
def test_a_column_without_a_value_is_nan(values: object) -> None:
    assert np.isnan(read_numbers(pd.DataFrame({"a": values}), "Y")).all()


@pytest.mark.parametrize(
    "values",
    [
        ["red", "blue"],
        [1.0, "red"],
        ["1.5", None],
        pd.Series(["red", None], dtype="string[pyarrow]"),
        np.array([b"red", b"blue"]),
    ],
)
def test_text_is_refused_with_an_example_and_a_cure(values: object) -> None:
    frame = pd.DataFrame({"colour": values})
    with pytest.raises(
        ColumnError, match=r"column 'colour' of X holds text, for example b?'(red|1.5)', expected numbers"
    ):
        read_numbers(frame, "X")
    with pytest.raises(ColumnError, match="expected numbers: map 'colour' of X"):
        read_numbers(frame, "X", "map {name!r} of {table}")
    with pytest.raises(ColumnError, match=r"write pd.to_numeric\(Y\['colour'\], errors='coerce'\)"):
        read_numbers(frame, "Y")


@pytest.mark.parametrize("values", [["red", "blue"], [True, False], [1, 2]])
def test_categories_are_refused(values: list[object]) -> None:
    frame = pd.DataFrame({"colour": pd.Categorical(values)})
    with pytest.raises(ColumnError, match="column 'colour' of X holds categories, for example "):
        read_numbers(frame, "X")


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "datetime64[ns, UTC]", "timestamp[ns][pyarrow]", "period[D]"])
def test_dates_are_refused(dtype: str) -> None:
    frame = pd.DataFrame({"day": pd.Series(["2020-01-01", "2020-01-02"], dtype="datetime64[ns]")})
    frame["day"] = frame["day"].dt.to_period("D") if dtype == "period[D]" else pd.to_datetime(frame["day"])
    if dtype.startswith("timestamp"):
        frame["day"] = frame["day"].astype(dtype)
    elif "UTC" in dtype:
        frame["day"] = frame["day"].dt.tz_localize("UTC")
    with pytest.raises(
        ColumnError, match="column 'day' of X is of type .*, for example 2020-01-01.*since a first date"
    ):
        read_numbers(frame, "X")


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(ColumnError, match="column 'a' of X holds complex numbers. Complex data not supported"):
        read_numbers(pd.DataFrame({"a": [1j]}), "X")


@pytest.mark.parametrize("cell", [{"foo": "bar"}, 1j, datetime.date(2020, 1, 1)])
def test_an_object_that_is_no_number_is_refused(cell: object) -> None:
    frame = pd.DataFrame({"a": pd.Series([1.0, cell], dtype=object)})
    with pytest.raises(DataTypeError, match="column 'a' of X holds an object that is not a number: .* number"):
        read_numbers(frame, "X")


def test_infinity_is_refused_with_its_place() -> None:
    frame = pd.DataFrame({"a": [1.0, -np.inf, np.inf]})
    with pytest.raises(DataError, match="column 'a' of Y holds infinity in 2 of 3 rows, first in row 1"):
        read_numbers(frame, "Y")


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.coo_matrix])
def test_sparse_data_is_refused(make: type) -> None:
    with pytest.raises(DataTypeError, match=r"X is a sparse .* and only dense data can be used: write X.toarray\(\)"):
        as_table(make(np.eye(2)), "X")


def test_a_table_of_another_library_is_refused() -> None:
    with pytest.raises(DataTypeError, match=r"Y is a pyarrow.lib table, expected pandas: write Y.to_pandas\(\)"):
        as_table(pa.table({"a": [1]}), "Y")


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(DataError, match="X cannot be read as a table with rows of one length"):
        as_table([[1.0], [1.0, 2.0]], "X")


def test_a_single_dimension_is_refused() -> None:
    with pytest.raises(DataError, match=r"X has the shape \(3,\), expected \(rows, columns\). Reshape your data"):
        require_two_dimensions(np.zeros(3), "X")


def test_a_repeated_name_is_refused() -> None:
    with pytest.raises(ColumnError, match="Y has 'a' more than once: give each column its own name"):
        require_unique(pd.Index(["a", "b", "a"]), "Y")


def test_another_number_of_rows_is_refused() -> None:
    with pytest.raises(DataError, match="Y has 2 rows and X has 3: give one row of Y for each row of X"):
        require_same_rows(np.zeros(2), "Y", np.zeros((3, 1)))


def test_other_row_labels_are_refused() -> None:
    with pytest.raises(DataError, match=r"Y and X have different row labels: write Y.loc\[X.index\].*Y.set_axis"):
        require_same_rows(pd.Series([1, 2], [1, 0]), "Y", pd.DataFrame({"a": [1, 2]}, [0, 1]))


@pytest.mark.parametrize("labels, others", [([0, 0], [0, 1]), ([0, 1], [1, 1]), ([1, 1, 0], [1, 0, 1])], ids=str)
def test_row_labels_that_repeat_cannot_bring_rows_into_order(labels: list[int], others: list[int]) -> None:
    message = "Y and X have different row labels: some come more than once, so give each row a label.*Y.set_axis"
    with pytest.raises(DataError, match=message) as caught:
        require_same_rows(pd.Series(1.0, labels), "Y", pd.DataFrame({"a": 1.0}, others))
    assert "loc" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "inputs"),
    [
        (pd.Series([1, 2], ["a", "b"]), np.zeros((2, 1))),
        (np.zeros(2), pd.DataFrame({"a": [1, 2]}, ["a", "b"])),
        (np.zeros(2), [[0.0], [1.0]]),
        (pd.Series([1, 2], ["a", "a"]), pd.DataFrame({"a": [1, 2]}, ["a", "a"])),
        (pd.Series([1, 2], ["a", "b"]), 2),
    ],
)
def test_rows_belong_together_by_position_where_one_side_has_no_labels(table: object, inputs: object) -> None:
    require_same_rows(table, "Y", inputs)


def test_long_lists_of_names_are_cut() -> None:
    assert listed(range(7)) == "0, 1, 2, 3, 4 and 2 more"
