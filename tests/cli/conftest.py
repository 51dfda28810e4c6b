from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from mfgp.cli import app

Run = Callable[..., Result]


def sample(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"name": [f"s{i}" for i in range(rows)], "a": rng.random(rows), "b": rng.random(rows)})
    frame["low"] = np.sin(4 * frame.a) + frame.b + 0.1 * rng.normal(size=rows)
    frame["high"] = 2 * frame.low + 0.1 * rng.normal(size=rows)
    frame.loc[::2, "high"] = np.nan
    return frame


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in an empty folder with train.csv and new.csv."""
    monkeypatch.chdir(tmp_path)
    frame = sample(24)
    frame.to_csv("train.csv", index=False)
    frame.head(5).drop(columns="high").to_csv("new.csv", index=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def complaint(run: Run) -> Callable[..., str]:
    """What a command that has to fail says, notes aside: one line."""

    def ask(*arguments: object) -> str:
        result = run(*arguments, "--quiet")
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    return ask
