"""Rows that cannot be scored are counted, listed and written, whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp.errors import ColumnError, DataError

INPUTS = ["a", "b"]


@pytest.fixture
def dirty(pool: pd.DataFrame) -> pd.DataFrame:
    frame = pool.head(40).astype({"a": object})
    frame.loc[3, "a"] = "n/a"
    frame.loc[5, ["a", "b"]] = np.nan
    frame.loc[7, "b"] = np.inf
    frame.loc[9, "cost"] = 0.0
    frame.loc[11, "low"] = np.inf
    frame.loc[13, "a"] = "0.5"  # a number as text
    return frame


def test_bad_rows_are_counted_and_listed(model: mfgp.DifferenceGP, dirty: pd.DataFrame) -> None:
    options = {"where": "high > 1", "rank_by": "value(high, cost)", "given": "low", "top": 40}
    for chunk_rows in (4, 40):
        found = mfgp.screen(model, dirty, chunk_rows=chunk_rows, **options)
        assert found.bad.to_dict("records") == [
            {"row": 3, "column": "a", "problem": "no number", "value": "n/a"},
            {"row": 5, "column": "a", "problem": "missing", "value": "nan"},
            {"row": 7, "column": "b", "problem": "infinite", "value": "inf"},
            {"row": 9, "column": "cost", "problem": "not positive", "value": "0.0"},
            {"row": 11, "column": "low", "problem": "infinite", "value": "inf"},
        ]
        assert found.bad_counts.to_dict() == {
            ("a", "missing"): 1,
            ("a", "no number"): 1,
            ("b", "infinite"): 1,
            ("cost", "not positive"): 1,
            ("low", "infinite"): 1,
        }
        assert len(found.best) == found.histogram.total == 35
        assert found.rows == 40
        assert "5 rows have no score: a missing (1), a no number (1)" in found.report()


def test_good_rows_are_scored_as_without_the_bad_ones(model: mfgp.DifferenceGP, dirty: pd.DataFrame) -> None:
    found = mfgp.screen(model, dirty, rank_by="high", top=40).best.sort_values("row")
    clean = dirty.drop(index=[3, 5, 7]).astype({"a": float})
    alone = mfgp.screen(model, clean.reset_index(drop=True), rank_by="high", top=40).best.sort_values("row")
    assert found["score"].tolist() == alone["score"].tolist()


def test_a_score_that_is_no_number_is_a_bad_row(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    found = mfgp.screen(model, pool.head(100), rank_by="log(low + 0 * high - 1000)")
    assert found.bad_counts.to_dict() == {("score", "undefined"): 100}
    assert len(found.best) == 0


def test_a_chunk_may_have_no_good_row(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    rows = pool.head(30).copy()
    rows.loc[10:19, "a"] = np.nan
    found = mfgp.screen(model, rows, where="low < 9", rank_by="high", chunk_rows=10, scored=tmp_path / "scored")
    assert found.ranked == 20
    assert found.bad["row"].tolist() == list(range(10, 20))
    assert pd.read_parquet(tmp_path / "scored")["problem"].notna().sum() == 10
    nothing = mfgp.screen(model, rows.iloc[10:20], where="low < 9", diverse=2)
    assert len(nothing.best) == 0
    assert nothing.diverse is None
    assert "10 rows have no score: a missing (10)" in nothing.report()


def test_all_bad_rows_are_written(model: mfgp.DifferenceGP, dirty: pd.DataFrame, tmp_path: Path) -> None:
    many = pd.concat([dirty] * 400, ignore_index=True)
    found = mfgp.screen(model, many, rank_by="high", chunk_rows=6000, bad_rows=tmp_path / "bad.csv")
    written = pd.read_csv(tmp_path / "bad.csv", keep_default_na=False)
    assert len(found.bad) == 1000
    assert len(written) == 1200 == found.bad_counts.sum()
    assert written["row"].tolist() == [40 * i + row for i in range(400) for row in (3, 5, 7)]
    assert written["value"].head(3).tolist() == ["n/a", "nan", "inf"]


def test_bad_rows_have_no_score_in_the_scored_pool(
    model: mfgp.DifferenceGP, dirty: pd.DataFrame, tmp_path: Path
) -> None:
    found = mfgp.screen(model, dirty, where="high > 1", keep="name", top=40, scored=tmp_path / "scored", chunk_rows=15)
    table = pd.read_parquet(tmp_path / "scored")
    assert table["name"].tolist() == dirty["name"].tolist()
    assert table["problem"].dropna().tolist() == ["no number", "missing", "infinite"]
    assert np.array_equal(table["score"].isna(), table["problem"].notna())
    best = found.best.sort_values("row")
    good = table[table["problem"].isna()]
    np.testing.assert_allclose(good["score"], best["score"], atol=1e-6)
    np.testing.assert_allclose(good["mean"], best["mean"], atol=1e-6)
    assert [path.name for path in sorted((tmp_path / "scored").iterdir())] == [f"part-{n:06}.parquet" for n in range(3)]


def test_categories_that_are_new_or_missing(tmp_path: Path) -> None:
    X = pd.DataFrame({"metal": ["tin", "lead"] * 6, "amount": np.linspace(0, 1, 12)})
    y = pd.Series(np.where(X["metal"] == "tin", 1.0, 2.0) + X["amount"], name="y")
    pool = pd.DataFrame({"metal": ["tin", "gold", None, "lead"], "amount": [0.1, 0.2, 0.3, 0.4]})
    for form in (pool, pool.assign(metal=pool["metal"].astype("category"))):
        strict = mfgp.screen(mfgp.IndependentGP(unseen="error").fit(X, y), form, rank_by="y")
        assert strict.bad[["row", "problem"]].to_numpy().tolist() == [[1, "unseen level"], [2, "missing"]]
    lenient = mfgp.screen(mfgp.IndependentGP().fit(X, y), pool, rank_by="y")
    assert lenient.bad["row"].tolist() == [2]
    assert set(lenient.best["row"]) == {0, 1, 3}


def test_negative_noise_is_a_bad_row(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    rows = pool.head(3).assign(error=[0.1, -0.1, np.nan])
    found = mfgp.screen(model, rows, rank_by="high", given="low", noise={"low": "error"})
    assert found.bad[["row", "column", "problem"]].to_numpy().tolist() == [[1, "error", "negative"]]


def test_columns_of_another_kind_are_told(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    dates = pool.head(3).assign(a=pd.to_datetime("2020-01-01"))
    with pytest.raises(ColumnError, match="column 'a' of the pool is of type datetime64"):
        mfgp.screen(model, dates, rank_by="high")


def test_a_folder_that_cannot_be_made_is_told(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="the folder .*file/scored cannot be made"):
        mfgp.screen(model, pool, rank_by="high", scored=tmp_path / "file" / "scored")


def test_a_class_that_is_new_is_a_bad_row(table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    X, Y = table
    kind = pd.Series(np.where(X["a"] > 0.5, "right", "left"), name="kind")
    model = mfgp.MultiTaskGP().fit(X, pd.concat([Y[["low"]], kind], axis=1))
    rows = X.head(4).assign(kind=["left", "middle", None, "right"])
    found = mfgp.screen(model, rows, rank_by="low", given="kind")
    assert found.bad.to_dict("records") == [{"row": 1, "column": "kind", "problem": "unseen class", "value": "middle"}]
    assert sorted(found.best["row"]) == [0, 2, 3]


def test_text_of_a_csv_file_is_text_in_every_chunk(tmp_path: Path) -> None:
    """Levels and columns to keep, although those of some chunks would pass for numbers or missing values."""
    levels = ["1", "2", "3a", "NA"]
    X = pd.DataFrame({"kind": levels * 4, "amount": np.linspace(0, 1, 16)})
    model = mfgp.IndependentGP(unseen="error").fit(X.astype({"kind": "category"}), pd.Series(X["amount"], name="y"))
    pool = pd.DataFrame({"kind": [*levels, ""], "amount": 0.5, "id": ["0000", "1", "A12", "None", "7"]})
    pool.to_csv(tmp_path / "pool.csv", index=False)
    for chunk_rows in (1, 2, 9):
        options: dict[str, Any] = {"keep": "id", "chunk_rows": chunk_rows, "checkpoint": tmp_path / f"{chunk_rows}"}
        found = mfgp.screen(model, tmp_path / "pool.csv", rank_by="y", **options)
        assert found.best.sort_values("row")["id"].tolist() == ["0000", "1", "A12", "None"]
        assert found.bad[["row", "column", "problem"]].to_numpy().tolist() == [[4, "kind", "missing"]]
