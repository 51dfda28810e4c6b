"""Candidates run in turn, with the threads that they are given, which are restored."""

from __future__ import annotations

from itertools import pairwise
from time import sleep

import pandas as pd
import torch

from benchmarks.timing import SHORTEST, Candidate, best_of, in_turn, median_ratio


def test_candidates_are_timed_in_turn() -> None:
    calls: list[str] = []

    def called(name: str) -> Candidate:
        return Candidate(lambda: (calls.append(name), sleep(SHORTEST)))

    seconds = in_turn({name: called(name) for name in "ab"}, rounds=3)
    assert list(seconds.columns) == ["a", "b"]
    assert len(seconds) == 3
    assert (seconds > 0.0).all(axis=None)
    changes = [first for first, second in pairwise(calls) if first != second]
    assert changes == ["a", "b"] * 3 + ["a"]


def test_threads_are_set_for_a_candidate_and_restored() -> None:
    seen: list[int] = []
    before = torch.get_num_threads()
    in_turn({"two": Candidate(lambda: (seen.append(torch.get_num_threads()), sleep(SHORTEST)), threads=2)}, rounds=1)
    assert set(seen) == {2}
    assert torch.get_num_threads() == before


def test_the_best_and_its_ratio_come_from_medians() -> None:
    seconds = pd.DataFrame({"ours": [3.0, 4.0, 90.0], "one": [1.0, 2.0, 30.0], "two": [2.5, 2.5, 2.5]})
    assert best_of(seconds, ["one", "two"]) == "one"
    assert median_ratio(seconds, "ours", "one") == 3.0
