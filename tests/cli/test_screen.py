from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp.materials import featurize
from tests.cli.conftest import Run

ARGUMENTS = ("screen", "ab.mfgp", "new.csv")


@pytest.fixture
def model(run: Run) -> mfgp.MultiTaskGP:
    """Of the columns a and b; it is in ab.mfgp."""
    train = pd.read_csv("train.csv")
    fitted = mfgp.MultiTaskGP().fit(train[["a", "b"]], train[["low", "high"]])
    fitted.save("ab.mfgp")
    return fitted


@pytest.fixture
def gaps(run: Run) -> pd.DataFrame:
    """Compounds that a model in mfgp-fit was fitted to, by the command line, and more of them in pool.csv."""
    table = mfgp.datasets.load_band_gaps().frame[["gap_mp", "gap_expt"]].dropna()
    table.head(40).to_csv("train.csv")
    pool = pd.concat([table.iloc[40:60], pd.DataFrame({"gap_mp": [1.0, 1.0]}, index=["nothing", "NaN"])])
    pool.drop(columns="gap_expt").rename_axis("formula").to_csv("pool.csv")
    arguments = ("--tasks", "gap_mp,gap_expt", "--formula", "formula", "--architecture", "multi-task")
    assert run("fit", "train.csv", *arguments).exit_code == 0
    return pd.read_csv("pool.csv", keep_default_na=False)


def test_the_best_rows_are_those_of_the_verb(run: Run, model: mfgp.MultiTaskGP) -> None:
    new = pd.read_csv("new.csv")
    expected = mfgp.screen(model, new, where="high > 0", given="low", keep="a", top=3, diverse=2)
    result = run(*ARGUMENTS, "--where", "high > 0", "--given", "low", "--keep", "a", "--top", "3", "--diverse", "2")
    assert result.exit_code == 0, result.output
    assert f"{len(new)} rows screened by the probability" in result.output
    pd.testing.assert_frame_equal(pd.read_csv("best.csv"), expected.to_frame())
    assert pd.read_csv("best-diverse.csv")["row"].tolist() == expected.diverse["row"].tolist()  # type: ignore[index]
    assert Path("best.png").exists()
    assert not Path("best-bad.csv").exists()


def test_the_noise_of_given_values_is_read_where_it_is_known(run: Run, model: mfgp.MultiTaskGP) -> None:
    new = pd.read_csv("new.csv").assign(low_sd=[0.01, 5.0, 0.01, 5.0, np.nan])
    new.to_csv("new.csv", index=False)
    expected = mfgp.screen(model, new, rank_by="low", given="low", noise={"low": "low_sd"})
    result = run(*ARGUMENTS, "--rank-by", "low", "--given", "low", "--noise", "low=low_sd")
    assert result.exit_code == 0, result.output
    pd.testing.assert_frame_equal(pd.read_csv("best.csv"), expected.to_frame())


def test_a_model_of_an_array_finds_its_inputs_by_their_counted_names(run: Run) -> None:
    train = pd.read_csv("train.csv")
    model = mfgp.IndependentGP().fit(train[["a", "b"]].to_numpy(), train["low"])
    model.save("array.mfgp")
    new = pd.read_csv("new.csv").rename(columns={"a": "x0", "b": "x1"})[["x1", "x0"]]
    new.to_csv("new.csv", index=False)
    assert run("screen", "array.mfgp", "new.csv", "--rank-by", "low").exit_code == 0
    order = np.argsort(-np.ravel(model.predict(new[["x0", "x1"]].to_numpy())), kind="stable")
    assert pd.read_csv("best.csv")["row"].tolist() == order.tolist()


def test_bad_rows_are_written_beside(run: Run, model: mfgp.MultiTaskGP) -> None:
    new = pd.read_csv("new.csv").astype({"a": object})
    new.loc[1, "a"] = "n/a"
    new.to_csv("new.csv", index=False)
    result = run(*ARGUMENTS, "--rank-by", "high", "--out", "deep/found.csv", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert pd.read_csv("deep/found-bad.csv")["row"].tolist() == [1]
    assert 1 not in pd.read_csv("deep/found.csv")["row"].tolist()


def test_formulas_of_the_pool_are_featurized(run: Run, gaps: pd.DataFrame) -> None:
    features = featurize(gaps["formula"], errors="coerce").reset_index(drop=True)
    gaps.to_parquet("pool.parquet")
    gaps.rename(columns={"formula": "compound"}).to_csv("renamed.csv", index=False)
    gaps.join(features).to_parquet("features.parquet")
    gaps.join(0.0 * features).to_csv("wrong.csv", index=False)
    tables = {}
    for pool, *options in [
        ("pool.csv",),
        ("pool.parquet",),
        ("renamed.csv", "--formula", "compound"),
        ("wrong.csv", "--formula", "formula"),
        ("features.parquet", "--keep", "formula"),
    ]:
        arguments = ("--given", "gap_mp", "--where", "1 < gap_expt < 2", "--top", "30")
        result = run("screen", "mfgp-fit/model.mfgp", pool, *arguments, *options)
        assert result.exit_code == 0, result.output
        table = pd.read_csv("best.csv", keep_default_na=False).rename(columns={"compound": "formula"})
        tables[pool, *options] = table
        bad = pd.read_csv("best-bad.csv").to_dict("records")
        if "features.parquet" not in pool:
            column = "compound" if "renamed" in pool else "formula"
            assert bad == [{"row": 20, "column": column, "problem": "no features", "value": "nothing"}]
        assert [each["row"] for each in bad] == [20]
    expected = tables["pool.csv",]
    assert set(expected["formula"]) == set(gaps["formula"].drop(20))
    for table in tables.values():
        pd.testing.assert_frame_equal(table, expected)


def test_a_stopped_screening_of_formulas_is_told_from_that_of_another_pool(
    run: Run, gaps: pd.DataFrame, complaint: Callable[..., str]
) -> None:
    gaps.head(5).to_csv("other.csv", index=False)
    arguments = ("screen", "mfgp-fit/model.mfgp", "pool.csv", "--rank-by", "gap_expt", "--checkpoint", "state")
    assert run(*arguments).exit_code == 0
    first = Path("best.csv").read_text()
    assert run(*arguments).exit_code == 0
    assert Path("best.csv").read_text() == first
    assert "pool" in complaint(*arguments[:2], "other.csv", *arguments[3:])


def test_formulas_that_are_missing_are_asked_for(gaps: pd.DataFrame, complaint: Callable[..., str]) -> None:
    gaps.rename(columns={"formula": "compound"}).to_csv("pool.csv", index=False)
    arguments = ("screen", "mfgp-fit/model.mfgp", "pool.csv", "--rank-by", "gap_expt")
    assert complaint(*arguments) == (
        "the model's inputs are composition features, but there are neither the columns 'electronegativity_mean', "
        "'electronegativity_deviation', 'electronegativity_min', 'electronegativity_max', 'group_mean' and 14 more nor "
        "a column 'formula' to make them from; write --formula COLUMN"
    )
    assert complaint(*arguments, "--formula", "name").startswith("the pool lacks the columns 'name'; it has 'compound'")


def test_what_cannot_be_screened_is_told(model: mfgp.MultiTaskGP, complaint: Callable[..., str]) -> None:
    assert complaint(*ARGUMENTS).startswith("nothing to rank by came, expected where=")
    assert complaint(*ARGUMENTS, "--where", "high > 0", "--jobs", "0").startswith("--jobs 0 is no number of processes")
    assert complaint(*ARGUMENTS, "--where", "high > 0", "--formula", "name") == (
        "--formula is for a model of composition features, but this one has the inputs 'a', 'b'; leave --formula out"
    )
    noise = (*ARGUMENTS, "--rank-by", "high", "--given", "low", "--noise")
    assert complaint(*noise, "lwo=sd") == "--noise is for 'lwo', no task; the tasks are 'low', 'high'"
    assert complaint(*noise, "low=sd") == (
        "there is no column 'sd' for --noise; the columns are 'name', 'a', 'b', 'low'"
    )
    Path("best-bad.csv").mkdir()
    assert "best-bad.csv is a folder, and a list of rows is to go there" in complaint(*ARGUMENTS, "--where", "high > 0")


def test_what_is_no_model_is_told(model: mfgp.MultiTaskGP, complaint: Callable[..., str]) -> None:
    rest = ("new.csv", "--where", "high > 0")
    content = Path("ab.mfgp").read_bytes()
    Path("part.mfgp").write_bytes(content[: len(content) // 2])
    Path("flipped.mfgp").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    Path("empty.mfgp").write_bytes(b"")
    pd.to_pickle(model, "model.pickle")
    assert complaint("screen", "part.mfgp", *rest).startswith("'part.mfgp' is cut short: it has")
    assert complaint("screen", "flipped.mfgp", *rest).startswith("'flipped.mfgp' is damaged: its content is not what")
    assert complaint("screen", "empty.mfgp", *rest) == "'empty.mfgp' is empty: fit and save the model again"
    for name in ("train.csv", "model.pickle"):
        assert complaint("screen", name, *rest).startswith(
            f"{name!r} is no model of mfgp's, expected a file that model.save(path) or mfgp fit wrote"
        )
    assert complaint("screen", "none.mfgp", *rest) == (
        "none.mfgp cannot be read (No such file or directory); give the file of a model, as mfgp fit writes it"
    )
    Path("folder").mkdir()
    Path("ab.mfgp").rename("folder/model.mfgp")
    assert "the folder's model is folder/model.mfgp" in complaint("screen", "folder", *rest)


def test_what_is_read_is_not_written_over(model: mfgp.MultiTaskGP, complaint: Callable[..., str]) -> None:
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    arguments = (*ARGUMENTS, "--where", "high > 0", "--out")
    assert complaint(*arguments, "x.png") == "--out x.png is the name of the plot; write --out x.csv"
    assert complaint(*arguments, "new.csv") == "--out new.csv would write over POOL, new.csv; give another --out"
    assert complaint(*arguments, "ab.mfgp") == "--out ab.mfgp would write over MODEL, ab.mfgp; give another --out"
    assert "would write over POOL" in complaint("screen", "ab.mfgp", "*.csv", *arguments[3:], "./train.csv")
    assert "would write over POOL" in complaint("screen", "ab.mfgp", ".", *arguments[3:], "new.csv")
    Path("new-bad.csv").write_bytes(before["new.csv"])
    assert "would write over POOL" in complaint("screen", "ab.mfgp", "new-bad.csv", *arguments[3:], "new.csv")
    Path("new-bad.csv").unlink()
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_a_call_that_complains_makes_no_folder(model: mfgp.MultiTaskGP, complaint: Callable[..., str]) -> None:
    files = ("--out", "deep/best.csv", "--scored", "parts", "--checkpoint", "c/d")
    complaint(*ARGUMENTS, "--where", "high > 0", "--least-probability", "2", *files)
    assert not any(Path(name).exists() for name in ("deep", "parts", "c"))
