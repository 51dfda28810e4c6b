"""Chunks scored by other processes: of this machine, or of a Dask cluster."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from importlib import import_module
from typing import Any, final

import pandas as pd
from sklearn.utils.parallel import Parallel, delayed

from mfgp.errors import DependencyError
from mfgp.screening.source import Chunk, Pool, require_columns
from mfgp.screening.tally import Counter, Tally

ATTEMPTS = 5


@dataclass(frozen=True)
class _Partition:
    """A partition of a Dask frame."""

    delayed: Any

    def __call__(self) -> pd.DataFrame:
        frame: pd.DataFrame = self.delayed.compute()
        return frame


@final
class DaskPool(Pool):
    """A Dask frame; its partitions are the chunks.

    Parameters
    ----------
    frame
        The ``dask.dataframe.DataFrame``.
    columns
        Those that are wanted.
    """

    def __init__(self, frame: Any, columns: Sequence[Hashable]) -> None:
        require_columns(list(frame.columns), columns)
        self.frame = frame[list(columns)]

    def chunks(self) -> Iterator[Chunk]:
        """The partitions."""
        for number, part in enumerate(self.frame.to_delayed()):
            yield Chunk(number, _Partition(part))

    def describe(self) -> dict[str, Any]:
        """What Dask knows it by."""
        return {"kind": "Dask", "partitions": self.frame.npartitions, "token": _dask("dask.base").tokenize(self.frame)}


def tallies(
    counter: Counter, chunks: Iterator[Chunk], client: Any = None, n_jobs: int | None = None
) -> Iterator[Tally]:
    """Count chunks, in their order; with a client in its workers, with n_jobs in processes of this machine."""
    if client is not None:
        yield from _by_client(counter, chunks, client)
    elif n_jobs in (None, 1):
        yield from map(counter, chunks)
    else:
        run = Parallel(n_jobs=n_jobs, return_as="generator", pre_dispatch="2 * n_jobs")
        yield from run(delayed(counter)(chunk) for chunk in chunks)


def client_of(pool: Pool, client: Any) -> Any:
    """The client given, or for a Dask frame the one that is there, if there is one."""
    if client is not None or not isinstance(pool, DaskPool):
        return client
    try:
        return _dask("distributed").get_client()
    except (ValueError, DependencyError):
        return None


def _by_client(counter: Counter, chunks: Iterator[Chunk], client: Any) -> Iterator[Tally]:
    sender = _Sender(counter, client)
    waiting: deque[tuple[Chunk, Any]] = deque()
    for chunk in chunks:
        waiting.append((chunk, sender.send(chunk)))
        if len(waiting) >= sender.ahead:
            yield sender.result(*waiting.popleft())
    while waiting:
        yield sender.result(*waiting.popleft())


class _Sender:
    """Sends chunks to a client's workers, and the counter to each worker once."""

    def __init__(self, counter: Counter, client: Any) -> None:
        self.counter, self.client = counter, client
        self.ahead = 2 * max(1, sum(client.nthreads().values()))
        self._scatter()

    def send(self, chunk: Chunk) -> Any:
        """The future of a chunk's tally. A partition stays where it lies."""
        if isinstance(chunk.load, _Partition):
            task = _dask("dask").delayed(Counter.count, pure=False)(self.there, chunk.number, chunk.load.delayed)
            return self.client.compute(task, retries=ATTEMPTS)
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # of rows that travel with their task
            return self.client.submit(Counter.__call__, self.there, chunk, pure=False, retries=ATTEMPTS)

    def result(self, chunk: Chunk, future: Any) -> Tally:
        """The tally, sent again where the workers that had the counter are all gone."""
        for attempt in range(ATTEMPTS):
            try:
                found: Tally = future.result()
            except CancelledError:
                if attempt == ATTEMPTS - 1:
                    raise
                self._scatter()
                future = self.send(chunk)
            else:
                break
        return found

    def _scatter(self) -> None:
        self.there = self.client.scatter(self.counter, broadcast=True, hash=False)


def _dask(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise DependencyError("Dask is not installed; write pip install mfgp[screening]") from error
