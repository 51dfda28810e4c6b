"""Values told as JSON come back as they were, types and all."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mfgp.data.labels import Labels
from mfgp.persistence import Reader, Writer

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.datetimes().map(lambda time: time.replace(fold=0))
    | st.integers(-100, 100).map(np.int8)
    | st.floats(width=32).map(np.float32)
    | st.text(max_size=5).map(np.str_)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)


def there_and_back(value: Any) -> Any:
    writer = Writer()
    told = json.loads(json.dumps(writer.tell(value, "it"), allow_nan=False))
    return Reader(writer.tensors).read(told)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_any_value_comes_back(value: Any) -> None:
    assert repr(there_and_back(value)) == repr(value)  # which tells types, signs of zero and NaN apart


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2026-03-01 12:00", tz="UTC"),
        pd.Timestamp("2026-03-01").as_unit("s"),
        pd.Timedelta("3 days 2 h"),
        pd.Interval(1.5, 2.5, closed="left"),
        pd.NaT,
        pd.NA,
        date(2026, 3, 1),
        datetime(2026, 3, 1, 12),
        torch.device("cuda:1"),
        Labels(("no", np.int64(3), True), ordered=True, concentration=0.1),
    ],
)
def test_values_of_pandas_and_our_own_come_back(value: Any) -> None:
    found = there_and_back(value)
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_equal_tensors_are_kept_once_and_columns_stay_columns() -> None:
    writer = Writer()
    tensor = torch.arange(6, dtype=torch.float64).reshape(2, 3)
    told = [writer.tell(each, name) for each, name in ((tensor, "a"), (tensor.clone(), "b"), (tensor.T, "c"))]
    assert list(writer.tensors) == ["a"]
    found = [Reader(writer.tensors).read(each) for each in told]
    assert [each.stride() for each in found] == [(3, 1), (3, 1), (1, 3)]
    assert torch.equal(found[2], tensor.T)
    assert writer.tell(torch.ones(1), "a") == {"tensor": "a 2"}


def test_tables_come_back() -> None:
    frame = pd.DataFrame({"gain": [0.1, np.inf], "chosen": [True, False], "why": ["x", "y"]}, index=["a", "b"])
    pd.testing.assert_frame_equal(there_and_back(frame.rename_axis("name")), frame.rename_axis("name"))
