"""The number of threads that suits the size of the problem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

ONE_THREAD_BELOW = 400


@contextmanager
def threads_for(observations: int) -> Iterator[None]:
    """One thread for small problems, whose threads would only wait for each other; restored afterwards.

    Examples
    --------
    >>> before = torch.get_num_threads()
    >>> with threads_for(50):
    ...     print(torch.get_num_threads())
    1
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    if observations >= ONE_THREAD_BELOW or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
