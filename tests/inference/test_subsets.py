from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mfgp.data import Observations
from mfgp.inference.subsets import stratified_subset

COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=5).filter(any)


def observations(counts: list[int]) -> Observations:
    task = np.repeat(np.arange(len(counts)), counts)
    y = np.full((len(task), len(counts)), np.nan)
    y[np.arange(len(task)), task] = np.arange(len(task))
    return Observations.gather(np.random.default_rng(0).random((len(task), 2)), y, None)


@given(counts=COUNTS, size=st.integers(1, 100))
def test_shares(counts: list[int], size: int) -> None:
    data = observations(counts)
    kept = stratified_subset(data, size).counts(len(counts)).tolist()
    assert sum(kept) <= max(size, len(counts), 0)
    assert sum(kept) >= min(size - len(counts), sum(counts))
    thinned = [share for share, count in zip(kept, counts, strict=True) if share < count]
    assert all(share >= 1 for share in thinned)
    if thinned:
        assert max(thinned) - min(thinned) <= 1
        assert all(share <= max(thinned) + 1 for share in kept)


@given(counts=COUNTS, size=st.integers(1, 100))
def test_it_is_a_part_of_the_data_in_its_order(counts: list[int], size: int) -> None:
    data = observations(counts)
    subset = stratified_subset(data, size)
    place = {row: position for position, row in enumerate(data.row.tolist())}
    positions = [place[row] for row in subset.row.tolist()]
    assert positions == sorted(set(positions))
    torch.testing.assert_close(subset.x, data.x[positions])
    torch.testing.assert_close(subset.y, data.y[positions])


def test_rows_of_scarce_tasks_are_kept_together() -> None:
    y = np.column_stack([np.arange(40.0), np.where(np.arange(40) % 10 == 3, 1.0, np.nan)])
    data = Observations.gather(np.random.default_rng(0).random((40, 2)), y, None)
    subset = stratified_subset(data, 14)
    low, high = (set(subset.row[subset.task == task].tolist()) for task in (0, 1))
    assert high == {3, 13, 23, 33} <= low
    assert len(low) == 10


def test_all_of_it_where_it_is_small_enough() -> None:
    data = observations([3, 4])
    assert stratified_subset(data, 7) is data


def test_a_thinned_task_is_spread_over_its_inputs() -> None:
    data = observations([50])
    first = stratified_subset(data, 10).x[:, 0]
    assert first[0] == data.x[0, 0]
    assert torch.diff(torch.searchsorted(data.x[:, 0].contiguous(), first.contiguous())).tolist() == [5] * 9
