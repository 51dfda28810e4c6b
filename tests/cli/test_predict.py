from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp import MultiTaskGP
from tests.cli.conftest import Run

ARGUMENTS = ("predict", "train.csv", "new.csv", "--tasks", "low,high", "--architecture", "multi-task")


def test_predictions_are_those_of_the_estimator(run: Run) -> None:
    train, new = pd.read_csv("train.csv"), pd.read_csv("new.csv")
    model = MultiTaskGP().fit(train[["a", "b"]], train[["low", "high"]])
    X = new[["a", "b"]]
    expected = {
        (): model.predict_distribution(X),
        ("--observed",): model.predict_distribution(X, observed=True),
        ("--given",): model.predict_distribution(X, given=new[["low"]]),
    }
    for options, prediction in expected.items():
        result = run(*ARGUMENTS, *options, "--out", "deep/predictions.csv")
        assert result.exit_code == 0, result.output
        written = pd.read_csv("deep/predictions.csv")
        pd.testing.assert_frame_equal(written[new.columns], new)
        pd.testing.assert_frame_equal(written.drop(columns=new.columns), prediction.to_frame())


@pytest.fixture
def saved(run: Run) -> MultiTaskGP:
    """A model of the columns a and b in ab.mfgp."""
    train = pd.read_csv("train.csv")
    model = MultiTaskGP().fit(train[["a", "b"]], train[["low", "high"]])
    model.save("ab.mfgp")
    return model


def test_a_saved_model_predicts_as_the_one_that_was_learned(run: Run, saved: MultiTaskGP) -> None:
    new = pd.read_csv("new.csv").assign(low_sd=[0.01, 5.0, 0.01, 5.0, np.nan])
    new.to_csv("new.csv", index=False)
    for options in ((), ("--observed",), ("--given", "--noise", "low=low_sd"), ("--of", "shift = high - low")):
        told = []
        for arguments in (("--model", "ab.mfgp", "new.csv"), ARGUMENTS[1:]):
            inputs = () if "--model" in arguments else ("--inputs", "a,b")
            if "--noise" in options and inputs:
                pd.read_csv("train.csv").assign(low_sd=np.nan).to_csv("train.csv", index=False)
            result = run("predict", *arguments, *inputs, *options)
            assert result.exit_code == 0, result.output
            told.append(pd.read_csv("predictions.csv"))
        pd.testing.assert_frame_equal(*told)


def test_formulas_are_featurized_for_a_saved_model(run: Run) -> None:
    gaps = mfgp.datasets.load_band_gaps().frame[["gap_mp", "gap_expt"]].dropna()
    gaps.head(30).rename_axis("compound").to_csv("train.csv")
    gaps.iloc[30:34].rename_axis("compound").to_csv("new.csv")
    rest = ("--tasks", "gap_mp,gap_expt", "--formula", "compound", "--architecture", "multi-task")
    assert run("fit", "train.csv", *rest).exit_code == 0
    assert run("predict", "train.csv", "new.csv", *rest, "--out", "learned.csv").exit_code == 0
    arguments = ("predict", "--model", "mfgp-fit/model.mfgp", "new.csv")
    assert run(*arguments, "--formula", "compound", "--out", "saved.csv").exit_code == 0
    assert Path("saved.csv").read_text() == Path("learned.csv").read_text()
    pd.read_csv("new.csv").rename(columns={"compound": "formula"}).to_csv("new.csv", index=False)
    assert run(*arguments, "--out", "saved.csv").exit_code == 0
    assert Path("saved.csv").read_text() == Path("learned.csv").read_text().replace("compound", "formula")


def test_labels_are_predicted_by_a_saved_model(run: Run) -> None:
    arguments = labelled(run)
    assert run("fit", "train.csv", *arguments[3:]).exit_code == 0
    options = ("--given", "--of", "color == 'red'")
    assert run(*arguments, *options, "--out", "learned.csv").exit_code == 0
    assert run("predict", "--model", "mfgp-fit/model.mfgp", "new.csv", *options, "--out", "saved.csv").exit_code == 0
    assert Path("saved.csv").read_text() == Path("learned.csv").read_text()


def test_a_saved_model_is_told_from_a_table_to_learn_from(saved: MultiTaskGP, complaint: Callable[..., str]) -> None:
    model = ("predict", "--model", "ab.mfgp")
    advice = "; write mfgp predict --model MODEL NEW, or mfgp predict TRAIN NEW --tasks LOW,…,HIGH"
    assert complaint("predict", "new.csv") == f"1 file without --model{advice}"
    assert complaint("predict", "train.csv", "new.csv") == f"2 files without --model and without --tasks{advice}"
    assert complaint("predict", "a", "b", "c", "--tasks", "low") == f"3 files without --model{advice}"
    assert complaint(*model, "train.csv", "new.csv") == (
        "--model came with 2 files, expected one: write mfgp predict --model MODEL NEW"
    )
    assert complaint(*model, "new.csv", "--tasks", "low", "--architecture", "cascade") == (
        "--model has learned already, so --tasks, --architecture would change nothing; leave --model out, or these"
    )
    assert complaint(*model, "new.csv", "--noise", "low=low_sd") == (
        "--noise is that of given values where there is a --model; write --given, or leave it out"
    )
    assert complaint(*model, "new.csv", "--given", "--noise", "low=sd").startswith(
        "there is no column 'sd' for --noise"
    )
    assert complaint("predict", "--model", "train.csv", "new.csv").startswith("'train.csv' is no model of mfgp's")
    pd.read_csv("new.csv").drop(columns="b").to_csv("new.csv", index=False)
    assert complaint(*model, "new.csv").startswith("there is no column 'b'")


def test_the_noise_of_given_values_is_read_where_it_is_known(run: Run) -> None:
    train, new = pd.read_csv("train.csv"), pd.read_csv("new.csv")
    train.assign(low_sd=0.1).to_csv("train.csv", index=False)
    new.assign(low_sd=[0.01, 5.0, 0.01, 5.0, np.nan]).to_csv("new.csv", index=False)
    result = run(*ARGUMENTS, "--given", "--noise", "low=low_sd", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    std = pd.read_csv("predictions.csv")["low_std"]
    assert std[[0, 2]].max() < std[[1, 3]].min()


def test_given_values_are_asked_for_in_vain(complaint: Callable[..., str]) -> None:
    frame = pd.read_csv("new.csv").drop(columns="low")
    frame.to_csv("new.csv", index=False)
    message = "--given uses the values of tasks in NEW, but it has none of the columns 'low', 'high'; leave --given out"
    assert complaint(*ARGUMENTS, "--given") == message


def test_functions_of_tasks_get_columns_of_their_own(run: Run) -> None:
    train, new = pd.read_csv("train.csv"), pd.read_csv("new.csv")
    model = MultiTaskGP().fit(train[["a", "b"]], train[["low", "high"]])
    prediction = model.predict_distribution(new[["a", "b"]], given=new[["low"]])
    texts = ["shift = high - low", "ratio=exp(high - low)", "0 < high - low < 1"]
    result = run(*ARGUMENTS, "--given", *(part for text in texts for part in ("--of", text)))
    assert result.exit_code == 0, result.output
    written = pd.read_csv("predictions.csv")
    assert list(written.columns) == [
        *new.columns,
        *prediction.to_frame().columns,
        *(f"shift_{part}" for part in ("mean", "std", "lower", "upper", "error", "invalid")),
        *(f"ratio_{part}" for part in ("mean", "std", "lower", "upper", "error", "invalid")),
        *(f"0 < high - low < 1_{part}" for part in ("probability", "error", "invalid")),
    ]
    for name, text in {"shift": "high - low", "ratio": "exp(high - low)", texts[2]: texts[2]}.items():
        expected = prediction.of(text).to_frame().add_prefix(f"{name}_")
        pd.testing.assert_frame_equal(written[expected.columns], expected)


def test_errors_that_are_too_large_are_told(run: Run) -> None:
    result = run(*ARGUMENTS, "--of", "1 / (low - 1)")
    assert result.exit_code == 0, result.output
    assert "1 / (low - 1): " in result.stderr
    assert "rows have a larger error than tolerance=0.01" in result.stderr


@pytest.fixture
def unfitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fit: what has to be refused before one is."""
    monkeypatch.setattr(MultiTaskGP, "fit", None)


@pytest.mark.usefixtures("unfitted")
def test_given_values_that_are_text_are_refused_before_the_fit(complaint: Callable[..., str]) -> None:
    pd.read_csv("new.csv").assign(low="n. d.").to_csv("new.csv", index=False)
    assert complaint(*ARGUMENTS, "--given").startswith("column 'low' of the file holds text, for example 'n. d.'")


@pytest.mark.usefixtures("unfitted")
def test_a_folder_in_the_place_of_the_file_is_refused_before_the_fit(complaint: Callable[..., str]) -> None:
    Path("results").mkdir()
    message = "--out results is a folder, expected a file; write --out results/predictions.csv"
    assert complaint(*ARGUMENTS, "--out", "results") == message


def test_columns_of_earlier_predictions_are_refused_before_the_fit(
    run: Run, complaint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*ARGUMENTS).exit_code == 0
    monkeypatch.setattr(MultiTaskGP, "fit", None)
    message = (
        "NEW has the columns 'low_mean', 'low_std', 'low_lower', 'low_upper', 'high_mean' and 3 more, where "
        "predictions are to go; rename them, or leave them out"
    )
    assert complaint("predict", "train.csv", "predictions.csv", *ARGUMENTS[3:]) == message


def test_an_input_that_is_missing_is_named_before_the_fit(complaint: Callable[..., str]) -> None:
    pd.read_csv("new.csv").drop(columns="b").to_csv("new.csv", index=False)
    assert complaint(*ARGUMENTS).startswith("there is no column 'b'")
    assert not Path("predictions.csv").exists()


@pytest.mark.usefixtures("unfitted")
def test_a_function_that_cannot_be_read_is_pointed_at_before_the_fit(run: Run) -> None:
    result = run(*ARGUMENTS, "--of", "shift = high - lwo", "--quiet")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: --of 'shift = high - lwo', column 8: there is no task 'lwo' (did you mean 'low'?); the tasks are "
        "['low', 'high']\n    high - lwo\n           ^^^\n"
    )


@pytest.mark.usefixtures("unfitted")
def test_functions_of_one_name_are_refused_before_the_fit(complaint: Callable[..., str]) -> None:
    message = "--of is given twice for 'x'; write --of 'NAME = EXPRESSION' with another name"
    assert complaint(*ARGUMENTS, "--of", "x = low", "--of", "x=high") == message


@pytest.mark.usefixtures("unfitted")
def test_a_function_of_the_name_of_a_task_is_refused_before_the_fit(complaint: Callable[..., str]) -> None:
    message = "--of names a function as a task, 'low'; write --of 'NAME = EXPRESSION' with another name"
    assert complaint(*ARGUMENTS, "--of", "low = high - low") == message


@pytest.mark.usefixtures("unfitted")
def test_columns_of_earlier_functions_are_refused_before_the_fit(complaint: Callable[..., str]) -> None:
    pd.read_csv("new.csv").assign(shift_error=0.0).to_csv("new.csv", index=False)
    message = "NEW has the columns 'shift_error', where predictions are to go; rename them, or leave them out"
    assert complaint(*ARGUMENTS, "--of", "shift = high - low") == message


def labelled(run: Run) -> list[object]:
    """A label that goes with a number, in both files."""
    for file in ("train.csv", "new.csv"):
        frame = pd.read_csv(file)
        color = frame["low"].gt(frame["low"].median()).map({True: "red", False: "blue"})
        frame.assign(color=color.where(frame.index % 5 > 0)).to_csv(file, index=False)
    return [
        "predict",
        "train.csv",
        "new.csv",
        "--tasks",
        "low,color",
        "--inputs",
        "a,b",
        "--architecture",
        "multi-task",
    ]


def test_a_task_that_is_text_is_a_label(run: Run) -> None:
    arguments = labelled(run)
    functions = ["--of", "color == 'red'", "--of", "bright = color != 'red' and low > 0"]
    assert run(*arguments, "--given", *functions).exit_code == 0
    found = pd.read_csv("predictions.csv")
    assert set(found["color_class"]) <= {"red", "blue"}
    np.testing.assert_allclose(found["color_blue"] + found["color_red"], 1.0)
    np.testing.assert_allclose(found["color == 'red'_probability"], found["color_red"], atol=0.01)
    assert (found["bright_probability"] <= found["color_blue"] + 0.01).all()


def test_what_a_label_cannot_be_asked_is_said_before_the_fit(
    run: Run, complaint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = labelled(run)
    monkeypatch.setattr(MultiTaskGP, "fit", None)
    assert complaint(*arguments, "--of", "color == 'rad'").startswith(
        "'color' has no class 'rad' (did you mean 'red'?); its classes are 'blue', 'red'"
    )
    assert "takes 'color' for a number, but it is a label" in complaint(*arguments, "--of", "color - low")
