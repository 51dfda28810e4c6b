"""Pools that Arrow reads: Parquet files, and data sets of any kind."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, final

import pandas as pd

from mfgp.errors import DataError, DependencyError
from mfgp.screening.source import Chunk, Pool, describe_files, hash_of, require_columns


def arrow(module: str) -> Any:
    """A module of pyarrow.

    Raises
    ------
    DependencyError
        It is not installed.
    """
    try:
        return import_module(f"pyarrow.{module}")
    except ImportError as error:
        raise DependencyError(
            "Parquet files and checkpoints need the package pyarrow; write pip install mfgp[screening]"
        ) from error


def require_storable(frame: pd.DataFrame) -> None:
    """Raise unless a Parquet file can keep all columns.

    Raises
    ------
    DataError
        A column cannot be kept in a Parquet file as it is.
    """
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        try:
            arrow("lib").array(column, from_pandas=True)
        except (ValueError, TypeError, NotImplementedError):  # as those of Arrow are, too
            storable = False
        else:
            storable = column.dtype != object or not any(isinstance(value, tuple) for value in column)
        if not storable:
            raise DataError(
                f"column {name!r} of the pool holds values that a Parquet file cannot keep, of several types or "
                f"tuples, such as {column.iloc[0]!r}; write .astype(str) behind it, or pool.reset_index() where these "
                "are row labels"
            )


def write_table(frame: pd.DataFrame, path: Path, metadata: dict[bytes, str] | None = None) -> None:
    """Write a frame as a Parquet file, which keeps the metadata too."""
    table = arrow("lib").Table.from_pandas(frame, preserve_index=False)
    arrow("parquet").write_table(table.replace_schema_metadata({**table.schema.metadata, **(metadata or {})}), path)


@dataclass(frozen=True)
class _Slice:
    """Rows of a fragment: of a Parquet file's row group, or of a file of another kind."""

    fragment: Any
    schema: Any
    columns: list[str]
    start: int
    stop: int

    def __call__(self) -> pd.DataFrame:
        with reading(self.fragment):
            return self._read()

    def _read(self) -> pd.DataFrame:
        reader = self.fragment.scanner(
            schema=self.schema, columns=self.columns, batch_size=self.stop - self.start, batch_readahead=1
        )
        found, passed = [], 0
        for batch in reader.to_batches():
            low, high = max(self.start - passed, 0), min(self.stop - passed, batch.num_rows)
            if low < high:
                found.append(batch.slice(low, high - low))
            passed += batch.num_rows
            if passed >= self.stop:
                break
        table = import_module("pyarrow").Table.from_batches(found) if found else self.schema.empty_table()
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
        return frame[self.columns]


@final
class ArrowPool(Pool):
    """An Arrow data set, in the order of its files and of the row groups in each.

    Parameters
    ----------
    data
        The ``pyarrow.dataset.Dataset``.
    columns
        Those that are wanted.
    size
        Most rows of a chunk; a row group has one chunk or more to itself.
    """

    def __init__(self, data: Any, columns: Sequence[Hashable] | None, size: int) -> None:
        columns = data.schema.names if columns is None else columns
        require_columns(data.schema.names, columns)
        self.schema, self.columns, self.size = data.schema, [str(name) for name in columns], size
        self._data = data
        self._fragments: list[Any] = []
        self._lengths: list[int] = []
        for fragment in data.get_fragments():
            with reading(fragment):
                parts = _row_groups(fragment)
                self._fragments += parts
                self._lengths += map(_length, parts)

    @classmethod
    def of_files(
        cls, paths: Sequence[Path], base: Path | None, columns: Sequence[Hashable] | None, size: int
    ) -> ArrowPool:
        """Parquet files, whose folders may be named column=value."""
        options = {} if base is None else {"partitioning": "hive", "partition_base_dir": str(base)}
        try:
            data = arrow("dataset").dataset([str(path) for path in paths], format="parquet", **options)
        except (OSError, ValueError) as error:
            raise _unreadable(str(paths[0]), error) from error
        return cls(data, columns, size)

    @classmethod
    def of_data(cls, data: Any, columns: Sequence[Hashable], size: int) -> ArrowPool:
        """A data set, or an Arrow table."""
        found = data if isinstance(data, arrow("dataset").Dataset) else arrow("dataset").dataset(data)
        return cls(found, columns, size)

    def chunks(self) -> Iterator[Chunk]:
        """Slices of row groups."""
        number = 0
        for fragment, length in zip(self._fragments, self._lengths, strict=True):
            for start in range(0, length, self.size):
                stop = min(start + self.size, length)
                yield Chunk(number, _Slice(fragment, self.schema, self.columns, start, stop))
                number += 1

    def describe(self) -> dict[str, Any]:
        """The files with their sizes and times; of what is in no files here, a hash of all columns wanted."""
        paths = [Path(name) for name in getattr(self._data, "files", [])]
        if paths and all(path.exists() for path in paths):
            return {"kind": "Arrow", **describe_files(paths)}
        return {"kind": "Arrow", "rows": self.total, "hash": hash_of(chunk.load() for chunk in self.chunks())}

    @property
    def total(self) -> int:
        """As the files' own records say."""
        return sum(self._lengths)


@contextmanager
def reading(fragment: Any) -> Iterator[None]:
    """Raise DataError where a file of a data set cannot be read."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise _unreadable(getattr(fragment, "path", "the pool"), error) from error


def _unreadable(name: str, error: Exception) -> DataError:
    reason = " ".join(str(error).split())
    return DataError(f"{name} cannot be read as Parquet ({reason}); write it anew, or leave it out")


def _row_groups(fragment: Any) -> list[Any]:
    return list(fragment.split_by_row_group()) if hasattr(fragment, "split_by_row_group") else [fragment]


def _length(fragment: Any) -> int:
    """Rows of a fragment; of a row group, its own, where ``count_rows`` gives those of the whole file."""
    if hasattr(fragment, "row_groups"):
        return sum(group.num_rows for group in fragment.row_groups)
    return int(fragment.count_rows())
