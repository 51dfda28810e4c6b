from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mfgp.data.levels import Levels, holds_levels
from mfgp.errors import ColumnError

WHERE = "column 'm' of X"


@pytest.mark.parametrize("dtype", [object, "string", "string[pyarrow]", "category"])
def test_text_of_every_type_is_levels(dtype: object) -> None:
    column = pd.Series(["b", "a", None, "b"], dtype=dtype)
    assert holds_levels(column)
    levels = Levels.learn(column, WHERE)
    assert levels.values == ("a", "b")
    np.testing.assert_array_equal(levels.codes(column, WHERE, "error"), [1.0, 0.0, np.nan, 1.0])


@pytest.mark.parametrize("values", [[1, 2], [1.5, None], [True, False], pd.array([1, None], dtype="Int64"), [None]])
def test_numbers_are_no_levels(values: object) -> None:
    assert not holds_levels(pd.Series(values))


def test_categories_may_be_anything_and_keep_their_order() -> None:
    column = pd.Series(pd.Categorical([8, 2, 8], categories=[9, 8, 2]))
    levels = Levels.learn(column, WHERE)
    assert levels.values == (8, 2)
    assert levels.codes(pd.Series([2, 8]), WHERE, "error").tolist() == [1.0, 0.0]


def test_one_typo_among_numbers_is_no_category() -> None:
    with pytest.raises(
        ColumnError, match="holds numbers as text, for example '1.5', besides 'n/a': write pd.to_numeric.*NaN"
    ):
        Levels.learn(pd.Series(["1.5", "2.5", "n/a", "3", "3"]), WHERE)
    with pytest.raises(ColumnError, match="column 'm' of X holds both numbers and text: 'n/a' among 2 others, such as"):
        Levels.learn(pd.Series([1.5, "n/a", 2.5], dtype=object), WHERE)


def test_a_text_of_its_own_in_each_row_is_no_category() -> None:
    column = pd.Series(["NaCl", "KCl", "NaBr"])
    with pytest.raises(ColumnError, match="holds a text of its own in each of the 3 rows, for example 'KCl'"):
        Levels.learn(column, WHERE)


def test_what_is_declared_is_believed() -> None:
    for values in (["1.5", "2.5", "n/a"], ["NaCl", "KCl"]):
        assert len(Levels.learn(pd.Series(values).astype("category"), WHERE).values) == len(values)


def test_levels_of_another_type_are_refused() -> None:
    text = Levels.learn(pd.Series(["a", "b", "a"]), WHERE)
    with pytest.raises(ColumnError, match="column 'm' of X holds 3.0, but the levels of the fit are 'a', 'b'"):
        text.codes(pd.Series([3.0]), WHERE, "prior")
    numbers = Levels.learn(pd.Series([1, 2]).astype("category"), WHERE)
    with pytest.raises(ColumnError, match="column 'm' of X holds '1', but the levels of the fit are 1, 2"):
        numbers.codes(pd.Series(["1"]), WHERE, "prior")
