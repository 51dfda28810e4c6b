from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

import mfgp
from tests.cli.conftest import Run

ARGUMENTS = ("screen", "train.csv", "new.csv", "--tasks", "low,high", "--architecture", "multi-task")


def test_the_best_rows_are_those_of_the_verb(run: Run) -> None:
    train, new = pd.read_csv("train.csv"), pd.read_csv("new.csv")
    model = mfgp.MultiTaskGP().fit(train[["a", "b"]], train[["low", "high"]])
    expected = mfgp.screen(model, new, where="high > 0", given="low", keep="a", top=3, diverse=2)
    result = run(*ARGUMENTS, "--where", "high > 0", "--given", "low", "--keep", "a", "--top", "3", "--diverse", "2")
    assert result.exit_code == 0, result.output
    assert f"{len(new)} rows screened by the probability" in result.output
    pd.testing.assert_frame_equal(pd.read_csv("best.csv"), expected.to_frame())
    assert pd.read_csv("best-diverse.csv")["row"].tolist() == expected.diverse["row"].tolist()  # type: ignore[index]
    assert Path("best.png").exists()
    assert not Path("best-bad.csv").exists()


def test_bad_rows_are_written_beside(run: Run) -> None:
    new = pd.read_csv("new.csv").astype({"a": object})
    new.loc[1, "a"] = "n/a"
    new.to_csv("new.csv", index=False)
    result = run(*ARGUMENTS, "--rank-by", "high", "--out", "deep/found.csv", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert pd.read_csv("deep/found-bad.csv")["row"].tolist() == [1]
    assert 1 not in pd.read_csv("deep/found.csv")["row"].tolist()


def test_formulas_of_the_pool_are_featurized(run: Run) -> None:
    gaps = mfgp.datasets.load_band_gaps().frame[["gap_mp", "gap_expt"]].dropna()
    gaps.head(40).to_csv("train.csv")
    pool = pd.concat([gaps.iloc[40:60], pd.DataFrame({"gap_mp": [1.0, 1.0]}, index=["nothing", "NaN"])])
    pool.drop(columns="gap_expt").rename_axis("formula").to_csv("pool.csv")
    pool.drop(columns="gap_expt").rename_axis("formula").reset_index().to_parquet("pool.parquet")
    tables = []
    for name in ("pool.csv", "pool.parquet"):
        result = run(
            *("screen", "train.csv", name, "--tasks", "gap_mp,gap_expt", "--formula", "formula", "--given", "gap_mp"),
            *("--architecture", "multi-task", "--where", "1 < gap_expt < 2", "--top", "30"),
        )
        assert result.exit_code == 0, result.output
        tables.append(pd.read_csv("best.csv", keep_default_na=False))
        assert pd.read_csv("best-bad.csv")["row"].tolist() == [20]
    assert "NaN" in tables[0]["formula"].tolist()
    pd.testing.assert_frame_equal(tables[0], tables[1])


def test_what_cannot_be_screened_is_told(complaint: Callable[..., str]) -> None:
    assert complaint(*ARGUMENTS).startswith("nothing to rank by came, expected where=")
    assert complaint(*ARGUMENTS, "--where", "high > 0", "--jobs", "0").startswith("--jobs 0 is no number of processes")
    Path("best-bad.csv").mkdir()
    assert "best-bad.csv is a folder" in complaint(*ARGUMENTS, "--where", "high > 0")
    train = pd.read_csv("train.csv").assign(formula="NaCl")
    train.to_csv("train.csv", index=False)
    arguments = (*ARGUMENTS, "--where", "high > 0", "--formula", "formula", "--inputs", "a", "--out", "other.csv")
    assert complaint(*arguments).startswith("the pool lacks the columns 'formula'; it has 'name', 'a', 'b'")
    pd.read_csv("new.csv").to_parquet("new.parquet")
    arguments = ("screen", "train.csv", "new.parquet", *arguments[3:])
    assert complaint(*arguments).startswith("the pool lacks the columns 'formula'; it has 'name', 'a', 'b'")
