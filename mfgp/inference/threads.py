"""One thread for the linear algebra of a fit or a prediction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, local

import torch
from threadpoolctl import ThreadpoolController

_lock = Lock()
_nesting = local()
_inside = 0
_before: tuple[int, dict[str, int]] = (1, {})


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch, BLAS and LAPACK, restored afterwards.

    Threads that share one small step wait for each other, and they wait spinning: where another process is busy too,
    two threads are not faster than one but many times slower, at any size. One thread also gives the same bits
    whatever the machine is doing. Python's own threads may enter at the same time; the first to come in notes what the
    last to go out restores. They are taken to have the same count of torch's threads, as they have unless one sets its
    own; a thread that meets torch for the first time while another is inside keeps the one thread that it finds.

    Examples
    --------
    >>> before = torch.get_num_threads()
    >>> with one_thread():
    ...     print(torch.get_num_threads())
    1
    >>> torch.get_num_threads() == before
    True
    """
    if getattr(_nesting, "inside", False):
        yield
        return
    _enter()
    _nesting.inside = True
    try:
        yield
    finally:
        _nesting.inside = False
        _leave()


def _enter() -> None:
    global _inside, _before
    with _lock:
        own = torch.get_num_threads()  # asked for in each thread: torch settles a thread's count when it is first used
        if _inside == 0:
            _before = (own, {lib.filepath: lib.num_threads for lib in _blas().lib_controllers})
            for library in _blas().lib_controllers:
                library.set_num_threads(1)
        _inside += 1
        torch.set_num_threads(1)


def _leave() -> None:
    global _inside
    torch_threads, blas_threads = _before
    with _lock:
        _inside -= 1
        torch.set_num_threads(torch_threads)
        if _inside == 0:
            for library in _blas().lib_controllers:
                library.set_num_threads(blas_threads[library.filepath])


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of numpy and scipy, found once."""
    return ThreadpoolController().select(user_api="blas")
