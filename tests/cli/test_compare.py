from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mfgp.cli.architecture import Architecture
from mfgp.cli.report import situations_of
from mfgp.validation import Situation
from tests.cli.conftest import Run, sample
from tests.validation.estimators import Means

ESTIMATORS = ["MultiTaskGP", "DifferenceGP", "LatentVariableGP", "CascadeGP", "IndependentGP"]
ARGUMENTS = ("compare", "train.csv", "--tasks", "low,high", "--folds", 2, "--jobs", 1)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimators of the right names that do not take time."""
    stubs = {name: type(name, (Means,), {}) for name in ESTIMATORS}
    places = dict(zip(Architecture, ESTIMATORS, strict=True))
    monkeypatch.setattr(Architecture, "build", lambda self, sources: stubs[places[self]]())


def test_all_architectures_run(run: Run) -> None:
    result = run(*ARGUMENTS, "--experiments", "", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    scores = pd.read_csv("mfgp-compare/results.csv").set_index(["situation", "estimator"])["mae_mean"]
    assert scores["low known", "DifferenceGP"] < scores["low known", "IndependentGP"]


@pytest.mark.usefixtures("at_once")
def test_it_prints_a_table_and_writes_its_files(run: Run) -> None:
    result = run(*ARGUMENTS, "--inputs", "a", "--experiments", "4,50", "--out", "out", "--unit", "eV")
    assert result.exit_code == 0, result.output
    assert "--experiments 50 is left out: there are 6 values of high to learn from" in result.stderr
    assert "written to out" in result.stderr
    assert "high: 12 values predicted in 2 folds, from the other 6" in result.stdout
    assert "MAE, eV" in result.stdout
    situations = ["low unknown", "low known", "low unknown, 4 values", "low known, 4 values"]
    table = pd.read_csv("out/results.csv")
    assert table["situation"].unique().tolist() == situations
    assert table["estimator"].tolist() == ESTIMATORS * 4
    assert table["learned"].tolist() == [6] * 10 + [4] * 10
    scores = ["mae", "rmse", "nlpd", "coverage90", "seconds"]
    assert {f"{score}_{kind}" for score in scores for kind in ("mean", "sd")} < set(table.columns)
    compared = table["estimator"] != "IndependentGP"
    assert table.loc[compared, ["mae_difference", "mae_difference_se"]].notna().all(axis=None)
    assert table.loc[~compared, "mae_difference"].isna().all()
    for name in (*situations, *ESTIMATORS):
        assert name in result.stdout
    predictions = pd.read_csv("out/predictions.csv")
    assert len(predictions) == 12 * 20
    errors = (
        (predictions["truth"] - predictions["mean"]).abs().groupby([predictions[k] for k in ("situation", "estimator")])
    )
    means = table.set_index(["situation", "estimator"])["mae_mean"]
    pd.testing.assert_series_equal(errors.mean(), means.sort_index(), check_names=False)
    assert Path("out/parity.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("low, high", [("E [eV]", "E meas [eV]"), ("[/x] low", "high :gem:")])
def test_names_are_printed_as_they_are(run: Run, low: str, high: str) -> None:
    sample(24).rename(columns={"low": low, "high": high}).to_csv("train.csv", index=False)
    arguments = ("--folds", 2, "--jobs", 1, "--experiments", "50", "--unit", "[eV]", "--out", "[out]")
    result = run("compare", "train.csv", "--tasks", f"{low},{high}", *arguments)
    assert result.exit_code == 0, result.output
    assert f"{high}: 12 values predicted" in result.stdout
    assert f"{low} known" in result.stdout
    assert "MAE, [eV]" in result.stdout
    assert f"there are 6 values of {high} to learn from" in result.stderr
    assert "written to [out]" in result.stderr


@pytest.mark.usefixtures("at_once")
def test_every_architecture_takes_categories(run: Run) -> None:
    sample(24).assign(metal=["tin", "lead", "zinc"] * 8).to_csv("train.csv", index=False)
    result = run(*ARGUMENTS, "--experiments", "", "--inputs", "a,metal")
    assert result.exit_code == 0, result.output
    assert sorted(pd.read_csv("mfgp-compare/results.csv")["estimator"].unique()) == sorted(set(ESTIMATORS))


@pytest.mark.usefixtures("at_once")
def test_files_are_written_before_the_table_is_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise InterruptedError

    monkeypatch.setattr("mfgp.cli.report.render", fail)
    assert isinstance(run(*ARGUMENTS, "--experiments", "").exception, InterruptedError)
    assert {path.name for path in Path("mfgp-compare").iterdir()} == {"results.csv", "predictions.csv", "parity.png"}


def test_situations_are_named_after_the_other_task_or_tasks() -> None:
    Y = sample(24)[["low", "high"]]
    situations, left_out = situations_of(Y, 2, [100, 6, 5])
    assert situations == {
        "low unknown": Situation(),
        "low known": Situation(("low",)),
        "low unknown, 5 values": Situation(values=5),
        "low known, 5 values": Situation(("low",), 5),
    }
    assert left_out == {100: 6, 6: 6}
    three = situations_of(Y.assign(top=Y["high"]), 2, [])[0]
    assert three == {"other tasks unknown": Situation(), "other tasks known": Situation(("low", "high"))}


def test_the_shipped_band_gaps_are_the_default(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def stop(estimators: object, X: pd.DataFrame, Y: pd.DataFrame, **options: object) -> None:
        asked.update(options, X=X, Y=Y)
        raise InterruptedError

    monkeypatch.setattr("mfgp.validation.compare", stop)
    assert isinstance(run("compare", "--quiet").exception, InterruptedError)
    assert asked["task"] == "gap_expt"
    assert asked["Y"].columns.tolist() == ["gap_mp", "gap_expt"]
    assert len(asked["X"]) == 493
    assert "color" not in asked["X"]
    assert {situation.values for situation in asked["situations"].values()} == {None, 50, 100}


def test_complaints_are_one_line(complaint: Callable[..., str]) -> None:
    assert complaint("compare", "train.csv").startswith(
        "--tasks is missing; write --tasks low,high with columns of FILE"
    )
    assert complaint("compare", "train.csv", "--tasks", "high").startswith(
        "--tasks has 'high' alone, and nothing to learn"
    )
    assert complaint("compare", "none.csv", "--tasks", "low,high").startswith("none.csv cannot be read")
    assert complaint(*ARGUMENTS, "--folds", 99).startswith("99 folds cannot be made of 12 measured values")
    message = "--experiments '5,few' are no numbers of values; write whole numbers, such as 100,50"
    assert complaint(*ARGUMENTS, "--experiments", "5,few") == message
    message = "--jobs 0 is no number of processes; write 1 or more, or -1 for one a core"
    assert complaint(*ARGUMENTS, "--jobs", 0) == message
    assert "cannot be made" in complaint(*ARGUMENTS, "--out", "train.csv")
