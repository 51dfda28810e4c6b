"""Whatever frame comes: a fit whose predictions have its labels and are finite, or a complaint of ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mfgp
from mfgp.errors import MfgpError

NAMES = [
    *("low", "high", "std", "mean", "y", "task", "x", "E (eV)", "a - b", "low > 1", "log(a)", "and", "None", ""),
    *("größe", "能隙", "Δ", "a\nb", "'", '"', "\\", "{x}", "%s", "  ", "__class__", "index"),
    *(0, 1, -3, 2.5, True, ("gap", 1), frozenset({1}), None, pd.Timestamp("2020-01-01")),
]
CELLS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e-12, 3.25, 1e6, np.nan])
DTYPES = ["float64", "float32", "Float64", "int64", "Int32", "bool", "boolean", "object", "Sparse[float64]"]
INDEXES: list[Any] = [
    lambda n: pd.RangeIndex(n),
    lambda n: pd.Index([f"sample {i}" for i in range(n)][::-1]),
    lambda n: pd.Index([0] * n),
    lambda n: pd.date_range("2020-01-01", periods=n),
    lambda n: pd.MultiIndex.from_arrays([["a"] * n, range(n)]),
    lambda n: pd.Index([None, *range(1, n)], dtype=object)[:n],
]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@cache
def small(kind: str) -> Any:
    """An estimator whose fits take a fraction of a second on a few rows."""
    return getattr(mfgp, kind)


@st.composite
def columns(draw: st.DrawFn, rows: int, names: list[Any]) -> pd.DataFrame:
    """A frame with any names, types and missing values."""
    frame = pd.DataFrame(index=range(rows))
    parts = []
    for _ in names:
        values = pd.Series(draw(st.lists(CELLS, min_size=rows, max_size=rows)))
        dtype = draw(st.sampled_from(DTYPES))
        if dtype in ("int64", "Int32", "bool", "boolean"):
            values = values.fillna(0.0).round().clip(0, 1 if "bool" in dtype else 100)
        parts.append(values.astype(dtype))
    frame = pd.concat(parts, axis=1) if parts else frame
    frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    return frame


@st.composite
def problems(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """X and Y of one length and with one index."""
    rows = draw(st.integers(0, 5))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
    place = draw(st.integers(0, len(names)))
    X, Y = draw(columns(rows, names[:place])), draw(columns(rows, names[place:]))
    index = draw(st.sampled_from(INDEXES))(rows)
    return X.set_axis(index), Y.set_axis(index)


def answer(estimator: Any, X: pd.DataFrame, Y: pd.DataFrame) -> pd.DataFrame | None:
    """The prediction where it was learned, complete; None if something of it was refused."""
    try:
        return estimator.fit(X, Y).predict(X.ffill().bfill())
    except MfgpError:
        return None


@pytest.mark.filterwarnings("ignore::FutureWarning")  # pandas on filling columns of objects
@pytest.mark.parametrize("kind", ["IndependentGP", "MultiTaskGP", "DifferenceGP", "LatentVariableGP", "CascadeGP"])
def test_a_fit_or_a_complaint(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = Path(tmp_path_factory.mktemp("any")) / "model.mfgp"

    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=SLOW)
    @given(problems())
    def check(problem: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        X, Y = problem
        before = X.copy(deep=True), Y.copy(deep=True)
        estimator = small(kind)()
        found = answer(estimator, X, Y)
        pd.testing.assert_frame_equal(X, before[0])
        pd.testing.assert_frame_equal(Y, before[1])
        if found is None:
            return
        assert found.index.equals(X.index)
        assert set(map(repr, found.columns)) == set(map(repr, Y.columns))
        assert np.isfinite(found.to_numpy(dtype=float)).all()
        std = estimator.predict(X.ffill().bfill(), return_std=True)[1].to_numpy(dtype=float)
        assert (np.isfinite(std) & (std >= 0.0)).all()
        assert kind in repr(estimator)
        swapped = estimator.predict(X.ffill().bfill()[X.columns[::-1]])
        pd.testing.assert_frame_equal(swapped, found, check_exact=True)
        estimator.save(path)
        pd.testing.assert_frame_equal(mfgp.load(path).predict(X.ffill().bfill()), found, check_exact=True)

    check()
