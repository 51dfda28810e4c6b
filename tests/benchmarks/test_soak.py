from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from benchmarks.soak import main, summarise
from benchmarks.soak_problems import draw_problem


def test_a_problem_is_the_same_by_its_number() -> None:
    one, other = draw_problem(0, 3), draw_problem(0, 3)
    pd.testing.assert_frame_equal(one.Y, other.Y, check_exact=True)
    assert (one.architecture, one.kernel, one.traits) == (other.architecture, other.kernel, other.traits)
    assert draw_problem(1, 3).traits != one.traits


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    for problems in ("1", "2"):
        assert main(["--problems", problems, "--out", str(tmp_path), "--silent"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "soak.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines] == [0, 1]
    assert (tmp_path / "soak.md").read_text().startswith("# soak\n")
    assert summarise(pd.DataFrame(lines)).set_index("architecture")["problems"]["all"] == 2
