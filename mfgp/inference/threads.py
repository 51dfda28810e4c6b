"""The number of threads that suits a fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """One thread for torch's own steps, restored afterwards.

    They are many and short: threads would wait for each other, and wait for long where another process is busy. The
    factor and the inverse, where most of the time goes, have the threads of LAPACK, which wait asleep.

    Examples
    --------
    >>> before = torch.get_num_threads()
    >>> with one_torch_thread():
    ...     print(torch.get_num_threads())
    1
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
