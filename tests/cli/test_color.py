from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mfgp.cli import color
from mfgp.datasets import load_band_gaps
from tests.cli.conftest import Run


def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is quick."""
    whole = color.methods
    names = ["labels alone: IndependentGP, ordered", "measured gap known: GP classifier, gap only"]
    monkeypatch.setattr(color, "methods", lambda gaps: {name: whole(gaps)[name] for name in names})


def test_colors_are_four_classes_of_75_compounds() -> None:
    found = color.colors(load_band_gaps()).value_counts().to_dict()
    assert found == {"dark": 24, "red": 19, "yellow": 18, "white": 14}
    assert color.colors(load_band_gaps(), ordered=True).cat.categories.tolist() == color.ORDER


def test_held_out_colors_and_gaps_are_not_learned_from() -> None:
    gaps = load_band_gaps()
    labelled = color.colors(gaps).dropna().index.tolist()

    class Spy:
        def __init__(self, alone: bool) -> None:
            self.alone = alone

        def get_params(self, deep: bool = True) -> dict[str, object]:
            return {"alone": self.alone}

        def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Spy:
            assert not set(labelled[:10]) & set(X.index)
            assert X.index.equals(Y.index)
            assert set(X.index) == set(labelled[10:] if self.alone else gaps.X.index.difference(labelled[:10]))
            return self

        def predict_proba(self, X: pd.DataFrame, given: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
            assert X.index.tolist() == labelled[:10]
            assert given is None or given.columns.tolist() == ["gap_expt"]
            return {"color": pd.DataFrame(0.25, X.index, color.ORDER)}

    Y = gaps.Y[["gap_expt"]].assign(color=color.colors(gaps))
    test, train = np.arange(10), np.arange(10, 75)
    for alone in (True, False):
        for known in (True, False):
            color.Ours(Spy(alone), gaps.X, Y, labelled, known, alone)(train, test)


def test_the_study_is_printed_and_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    result = run("compare", "--dataset", "color", "--repeats", 1, "--jobs", 1, "--out", "out")
    assert result.exit_code == 0, result.output
    assert "log_loss" in result.stdout
    assert len(pd.read_csv("out/predictions.csv")) == 2 * 75
    assert pd.read_csv("out/results.csv", index_col=0)["f1"].between(0.1, 0.9).all()


def test_complaints(complaint: Callable[..., str]) -> None:
    assert "is given too; leave one of them out" in complaint("compare", "train.csv", "--dataset", "color")
    assert "--repeats 0 is no number of times" in complaint("compare", "--dataset", "color", "--repeats", 0)
