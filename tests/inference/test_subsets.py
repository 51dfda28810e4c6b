from __future__ import annotations

import numpy as np
import pytest
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
    in_order = data.row[torch.argsort(data.x.sum(-1))].tolist()
    places = sorted(in_order.index(row) for row in stratified_subset(data, 10).row.tolist())
    assert [place // 5 for place in places] == list(range(10))


@pytest.mark.parametrize("levels, size", [(2, 200), (4, 200), (4, 600), (5, 200), (8, 200)])
def test_a_design_that_repeats_itself_is_not_caught_in_step(levels: int, size: int) -> None:
    points = np.random.default_rng(0).random((1600 // levels, 1))
    x = np.column_stack([np.repeat(points, levels, axis=0), np.tile(np.arange(levels), len(points))])
    for columns in ([0, 1], [1, 0]):
        data = Observations.gather(x[:, columns], np.ones((len(x), 1)), None)
        kept = torch.bincount(stratified_subset(data, size).x[:, columns.index(1)].long(), minlength=levels)
        assert kept.min() > 0.4 * size / levels
        assert kept.max() < 2.0 * size / levels


def test_the_order_of_columns_changes_no_subset() -> None:
    x = np.random.default_rng(0).random((300, 3))
    subsets = [
        stratified_subset(Observations.gather(x[:, order], np.ones((300, 1)), None), 60)
        for order in ([0, 1, 2], [2, 0, 1])
    ]
    assert set(subsets[0].row.tolist()) == set(subsets[1].row.tolist())


def test_the_order_of_rows_changes_no_subset() -> None:
    data = observations([90, 40])
    order = torch.randperm(130, generator=torch.Generator().manual_seed(0))
    mixed = data.take(order[torch.argsort(data.task[order], stable=True)])
    one, other = stratified_subset(data, 50), stratified_subset(mixed, 50)
    assert set(one.row.tolist()) == set(other.row.tolist())
