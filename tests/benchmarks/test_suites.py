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


def test_the_suites_are_the_files() -> None:
    assert names() == ["accuracy", "evidence", "expressions", "fit", "predict"]


@pytest.mark.parametrize("suite", ["accuracy", "evidence", "expressions", "fit", "predict"])
def test_a_small_version_leaves_a_table_and_a_record(suite: str, tmp_path: Path) -> None:
    record = run(suite, tmp_path)
    assert {"suite", "settings", "machine", "notes", "summary", "lines"} <= set(record)
    assert record["settings"]["quick"] is True  # type: ignore[index]
    assert {"cpu", "cores", "load", "versions", "commit"} <= set(record["machine"])  # type: ignore[call-overload]
    summary = pd.DataFrame(record["summary"])
    (named,) = {"contestant", "architecture", "function"} & set(summary)
    assert summary[named].notna().all()
    assert len(pd.DataFrame(record["lines"]))
    page = (tmp_path / f"{suite}.md").read_text()
    assert page.startswith(f"# {suite}\n")
    assert page.count("\n| ") >= len(summary) + 2


def test_the_same_seeds_give_the_same_scores(tmp_path: Path) -> None:
    first, second = run("accuracy", tmp_path / "a"), run("accuracy", tmp_path / "b")
    columns = ["problem", "contestant", "seed", "nrmse", "log_density", "coverage90"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(first["lines"])[columns], pd.DataFrame(second["lines"])[columns], check_exact=True
    )
