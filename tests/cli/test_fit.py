from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import mfgp
from mfgp import DifferenceGP
from tests.cli.conftest import Run


def test_what_is_learned_is_printed_and_written(run: Run, tmp_path: Path) -> None:
    result = run("fit", "train.csv", "--tasks", "low,high", "--out", "learned")
    assert result.exit_code == 0, result.output
    frame = pd.read_csv("train.csv")
    model = DifferenceGP().fit(frame[["a", "b"]], frame[["low", "high"]])
    rho = pd.read_csv("learned/rho.csv", index_col=0)
    assert rho.loc["high", "low"] == pytest.approx(model.rho_.loc["high", "low"])
    assert pd.read_csv("learned/noise.csv", index_col=0)["noise"].to_dict() == pytest.approx(model.noise_.to_dict())
    assert pd.read_csv("learned/lengthscales.csv", index_col=0).index.tolist() == ["a", "b"]
    loaded = mfgp.load("learned/model.mfgp")
    assert loaded.predict(frame[["a", "b"]]).equals(model.predict(frame[["a", "b"]]))
    report = json.loads(Path("learned/report.json").read_text())
    assert report["architecture"] == "DifferenceGP"
    assert report["tasks"] == ["low", "high"]
    assert report["fit"]["log_evidence"] == pytest.approx(model.fit_report_.log_evidence)
    assert "task correlation" in result.stdout
    assert f"{rho.loc['high', 'low']:.4g}" in result.stdout
    assert "written to learned" in result.stderr


def test_names_are_printed_as_they_are_and_the_inputs_told(run: Run) -> None:
    names = {"a": "a [nm]", "low": "[/x] low", "high": "E [eV]"}
    frame = pd.read_csv("train.csv").rename(columns=names)
    frame.assign(heated=frame["b"] > 0.5).to_csv("train.csv", index=False)
    result = run("fit", "train.csv", "--tasks", "[/x] low,E [eV]")
    assert result.exit_code == 0, result.output
    assert all(name in result.stdout for name in names.values())
    assert "inputs: a [nm], b, heated\n" in result.stderr


@pytest.mark.parametrize(
    "architecture, tables",
    [("latent-variable", {"embedding", "task_correlation"}), ("cascade", {"value_lengthscales"})],
)
def test_each_architecture_writes_what_it_has(run: Run, architecture: str, tables: set[str]) -> None:
    arguments = ("fit", "train.csv", "--tasks", "low,high", "--architecture", architecture, "--quiet")
    result = run(*arguments, "--inputs", "a")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert {path.stem for path in Path("mfgp-fit").iterdir()} == {"lengthscales", "noise", "report", "model"} | tables


def test_complaints_are_one_line(complaint: Callable[..., str]) -> None:
    assert complaint("fit", "none.csv", "--tasks", "low,high").startswith("none.csv cannot be read")
    assert complaint("fit", "train.csv", "--tasks", "low,hgih").startswith("there is no column 'hgih'")
    assert complaint("fit", "train.csv", "--tasks", "low,high", "--inputs", "name").startswith(
        "column 'name' of the file holds a text of its own in each of the 24 rows"
    )
    message = (
        "column 'high' of the file holds text, for example 'n. d.', expected numbers: write a number in each cell, and "
        "nothing where there is none"
    )
    frame = pd.read_csv("train.csv", dtype=str, keep_default_na=False)
    frame.replace({"high": {"": "n. d."}}).to_csv("text.csv", index=False)
    assert complaint("fit", "text.csv", "--tasks", "low,high") == message
    assert "sources" in complaint("fit", "train.csv", "--tasks", "low,high", "--sources", "high=lwo")


def test_text_is_a_category_where_it_is_named(run: Run) -> None:
    frame = pd.read_csv("train.csv").assign(metal=["tin", "lead", "zinc"] * 8)
    frame.to_csv("levels.csv", index=False)
    result = run("fit", "levels.csv", "--tasks", "low,high")
    assert "left out, as text: name, metal; name them by --inputs to read them as categories" in result.stderr
    result = run("fit", "levels.csv", "--tasks", "low,high", "--inputs", "a,b,metal")
    assert result.exit_code == 0, result.output
    found = pd.read_csv("mfgp-fit/level_embeddings.csv", index_col=["process", "input", "level"])
    assert found.loc[("low", "metal")].index.tolist() == ["lead", "tin", "zinc"]
    frame.head(3).assign(metal="gold").to_csv("gold.csv", index=False)
    result = run("predict", "levels.csv", "gold.csv", "--tasks", "low,high", "--inputs", "a,b,metal")
    assert result.exit_code == 0, result.output
