"""Each suite's small version runs without peers, and writes what it promises. No figure is tested."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.run import main, names


def run(suite: str, out: Path) -> dict[str, object]:
    assert main([suite, "--quick", "--no-peers", "--silent", "--out", str(out)]) == 0
    record: dict[str, object] = json.loads((out / f"{suite}.json").read_text())
    return record


@pytest.fixture(scope="module")
def accuracy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the results of one run of the accuracy suite."""
    out = tmp_path_factory.mktemp("accuracy")
    run("accuracy", out)
    return out


def test_the_suites_are_the_files() -> None:
    assert names() == [
        "accuracy",
        "evidence",
        "expressions",
        "few",
        "fit",
        "optimize",
        "predict",
        "screen",
        "screen_large",
    ]


@pytest.mark.parametrize(
    "suite", ["evidence", "expressions", "few", "fit", "optimize", "predict", "screen", "screen_large"]
)
def test_a_small_version_leaves_a_table_and_a_record(suite: str, tmp_path: Path) -> None:
    run(suite, tmp_path)
    check(suite, tmp_path)


def test_a_small_accuracy_suite_leaves_a_table_and_a_record(accuracy: Path) -> None:
    check("accuracy", accuracy)


def check(suite: str, out: Path) -> None:
    record = json.loads((out / f"{suite}.json").read_text())
    assert {"suite", "settings", "machine", "notes", "summary", "lines"} <= set(record)
    assert record["settings"]["quick"] is True
    assert {"cpu", "cores", "load", "versions", "commit"} <= set(record["machine"])
    summary = pd.DataFrame(record["summary"])
    named = next(name for name in ("contestant", "architecture", "function", "question") if name in summary)
    assert summary[named].notna().all()
    assert len(pd.DataFrame(record["lines"]))
    page = (out / f"{suite}.md").read_text()
    assert page.startswith(f"# {suite}\n")
    assert page.count("\n| ") >= len(summary) + 2


def test_the_same_seeds_give_the_same_scores(accuracy: Path, tmp_path: Path) -> None:
    first = pd.DataFrame(json.loads((accuracy / "accuracy.json").read_text())["lines"])
    second = pd.DataFrame(run("accuracy", tmp_path)["lines"])
    columns = ["problem", "contestant", "seed", "nrmse", "log_density", "coverage90"]
    pd.testing.assert_frame_equal(first[columns], second[columns], check_exact=True)
