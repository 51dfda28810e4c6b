from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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
