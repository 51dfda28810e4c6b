from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from mfgp.inference.threads import ONE_THREAD_BELOW, threads_for


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("observations, threads", [(1, 1), (ONE_THREAD_BELOW - 1, 1), (ONE_THREAD_BELOW, 2)])
def test_small_problems_get_one_thread(observations: int, threads: int) -> None:
    with threads_for(observations):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == 2


def test_threads_are_restored_after_an_error() -> None:
    with pytest.raises(KeyError), threads_for(1):
        raise KeyError
    assert torch.get_num_threads() == 2
