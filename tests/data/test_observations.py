from __future__ import annotations

from itertools import permutations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mfgp.data import Observations

# Few distinct numbers, so that ties are common.
NUMBERS = st.integers(-2, 2).map(float)
FIELDS = ("x", "task", "y", "noise", "row")


@st.composite
def wide_tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, inputs, tasks = draw(st.integers(1, 8)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    x = draw(arrays(np.float64, (rows, inputs), elements=NUMBERS))
    y = draw(arrays(np.float64, (rows, tasks), elements=NUMBERS | st.just(np.nan)))
    noise = draw(arrays(np.float64, (rows, tasks), elements=st.sampled_from([0.1, 0.2, np.nan])))
    return x, y, noise


@given(table=wide_tables())
def test_each_measured_value_is_there_once_with_its_row(table: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    x, y, noise = table
    data = Observations.gather(x, y, noise)
    row, task = data.row.numpy(), data.task.numpy()
    assert len(data) == np.isfinite(y).sum() == len(set(zip(row, task, strict=True)))
    np.testing.assert_array_equal(data.x, x[row])
    np.testing.assert_array_equal(data.y, y[row, task])
    np.testing.assert_array_equal(data.noise, noise[row, task])
    np.testing.assert_array_equal(data.counts(y.shape[1]), np.isfinite(y).sum(axis=0))


@given(table=wide_tables(), seed=st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(table: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int) -> None:
    x, y, noise = table
    order = np.random.default_rng(seed).permutation(len(x))
    one, other = Observations.gather(x, y, noise), Observations.gather(x[order], y[order], noise[order])
    for name in ("x", "task", "y"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=0)


@given(table=wide_tables())
def test_the_order_is_by_task_then_inputs_then_value(table: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    data = Observations.gather(*table)
    keys = [(int(t), *x.tolist(), float(y)) for t, x, y in zip(data.task, data.x, data.y, strict=True)]
    assert keys == sorted(keys)


def test_values_that_differ_in_noise_alone_have_an_order_too() -> None:
    noise = np.array([[0.2], [np.nan], [0.1]])
    orders = [
        Observations.gather(np.zeros((3, 1)), np.ones((3, 1)), noise[[*order]]) for order in permutations(range(3))
    ]
    assert all(data.noise[:2].tolist() == [0.1, 0.2] for data in orders)


def test_types_and_a_noise_to_be_learned() -> None:
    data = Observations.gather(np.zeros((2, 3)), np.array([[1.0], [np.nan]]), None)
    assert [getattr(data, name).dtype for name in FIELDS] == [
        torch.float64,
        torch.int64,
        *[torch.float64] * 2,
        torch.int64,
    ]
    assert data.x.shape == (1, 3)
    assert data.noise.isnan().all()


def test_parts_of_it() -> None:
    data = Observations.gather(np.array([[0.0], [1.0]]), np.array([[1.0, 2.0], [3.0, np.nan]]), None)
    assert data.take(data.y > 1.5).y.tolist() == [3.0, 2.0]
    part = data.of_task(1)
    assert (part.y.tolist(), part.task.tolist(), part.row.tolist()) == ([2.0], [0], [0])
