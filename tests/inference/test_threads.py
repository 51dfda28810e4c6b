from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from mfgp import MultiTaskGP
from mfgp.inference.threads import one_thread


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with threadpool_limits(2, user_api="blas"):
        yield
    torch.set_num_threads(before)


def counts() -> set[int]:
    return {torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")}


def test_everything_has_one_thread_inside() -> None:
    with one_thread():
        assert counts() == {1}
        with one_thread():
            assert counts() == {1}
        assert counts() == {1}
    assert counts() == {2}


def test_threads_are_restored_after_an_error() -> None:
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert counts() == {2}


def test_threads_of_python_that_overlap_leave_the_counts_as_they_were() -> None:
    both_inside, one_has_left = Barrier(2), Barrier(2)

    def work(leaves_first: bool) -> None:
        with one_thread():
            both_inside.wait()
            if not leaves_first:
                one_has_left.wait()
        if leaves_first:
            one_has_left.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (True, False)))
    assert counts() == {2}


def test_a_thread_that_is_new_to_torch_keeps_one_when_another_leaves() -> None:
    inside, left, found = Event(), Event(), []

    def work() -> None:
        with one_thread():
            inside.set()
            left.wait()
            found.append(torch.get_num_threads())

    thread = Thread(target=work)
    with one_thread():
        thread.start()
        inside.wait()
    left.set()
    thread.join()
    assert found == [1]


def test_a_fit_and_a_prediction_leave_the_counts_as_they_were() -> None:
    x = np.linspace(0.0, 1.0, 8)[:, None]
    MultiTaskGP().fit(x, np.sin(5.0 * x)).predict(x)
    assert counts() == {2}
