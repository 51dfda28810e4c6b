"""Times that can be compared: every candidate in turn, round after round, in one process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

SHORTEST = 0.02  # seconds: what takes less is repeated within a round


@dataclass(frozen=True)
class Candidate:
    """Something to time, and the threads of torch and BLAS that it gets; None leaves them as they are."""

    run: Callable[[], Any]
    threads: int | None = None


def in_turn(candidates: Mapping[str, Candidate], rounds: int) -> pd.DataFrame:
    """Seconds of each candidate (columns) in each round (index), after two runs that are not counted.

    What takes less than SHORTEST is repeated within a round and counts with its mean. A disturbance of the machine
    meets all candidates of a round alike: compare ratios within rounds.
    """
    with _old_things_set_aside():
        repeats = {}
        for name, candidate in candidates.items():
            with threads(candidate.threads):
                candidate.run()
                repeats[name] = max(1, round(SHORTEST / _seconds(candidate.run, 1)))
        lines = []
        for _ in range(rounds):
            line = {}
            for name, candidate in candidates.items():
                gc.collect()
                with threads(candidate.threads):
                    line[name] = _seconds(candidate.run, repeats[name])
            lines.append(line)
    return pd.DataFrame(lines)


def best_of(seconds: pd.DataFrame, names: Sequence[str]) -> str:
    """The candidate among `names` with the smallest median."""
    return str(seconds[list(names)].median().idxmin())


def median_ratio(seconds: pd.DataFrame, name: str, reference: str) -> float:
    """Median over the rounds of one candidate's time in units of another's."""
    return float((seconds[name] / seconds[reference]).median())


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """So many threads for torch and for every BLAS, restored afterwards."""
    if count is None:
        yield
        return
    before = torch.get_num_threads()
    with threadpool_limits(count):
        torch.set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def _old_things_set_aside() -> Iterator[None]:
    """Garbage is looked for among what is made from now on: to look through all takes longer than most candidates."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _seconds(run: Callable[[], Any], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - began) / repeats
