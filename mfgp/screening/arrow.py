"""Pools that Arrow reads: Parquet files, and data sets of any kind."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, final

import pandas as pd

from mfgp.errors import DataError, DependencyError
from mfgp.screening.source import Chunk, Pool, describe_files, require_columns


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


@dataclass(frozen=True)
class _Slice:
    """Rows of a fragment: of a Parquet file's row group, or of a file of another kind."""

    fragment: Any
    schema: Any
    columns: list[str]
    start: int
    stop: int

    def __call__(self) -> pd.DataFrame:
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
    described
        What tells it from another.
    """

    def __init__(self, data: Any, columns: Sequence[Hashable] | None, size: int, described: dict[str, Any]) -> None:
        columns = data.schema.names if columns is None else columns
        require_columns(data.schema.names, columns)
        self.schema, self.columns, self.size = data.schema, [str(name) for name in columns], size
        self._described = described
        self._fragments = [part for fragment in data.get_fragments() for part in _row_groups(fragment)]
        self._lengths = [_length(fragment) for fragment in self._fragments]

    @classmethod
    def of_files(
        cls, paths: Sequence[Path], base: Path | None, columns: Sequence[Hashable] | None, size: int
    ) -> ArrowPool:
        """Parquet files, whose folders may be named column=value."""
        options = {} if base is None else {"partitioning": "hive", "partition_base_dir": str(base)}
        try:
            data = arrow("dataset").dataset([str(path) for path in paths], format="parquet", **options)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise DataError(
                f"{paths[0]} cannot be read as Parquet ({reason}); write it anew, or leave it out"
            ) from error
        return cls(data, columns, size, {"kind": "Parquet", **describe_files(paths)})

    @classmethod
    def of_data(cls, data: Any, columns: Sequence[Hashable], size: int) -> ArrowPool:
        """A data set, or an Arrow table."""
        found = data if isinstance(data, arrow("dataset").Dataset) else arrow("dataset").dataset(data)
        names = repr([str(each) for each in getattr(found, "files", [])])
        described = {"kind": "Arrow", "rows": found.count_rows(), "files": hashlib.sha256(names.encode()).hexdigest()}
        return cls(found, columns, size, described)

    def chunks(self) -> Iterator[Chunk]:
        """Slices of row groups."""
        number = 0
        for fragment, length in zip(self._fragments, self._lengths, strict=True):
            for start in range(0, length, self.size):
                stop = min(start + self.size, length)
                yield Chunk(number, _Slice(fragment, self.schema, self.columns, start, stop))
                number += 1

    def describe(self) -> dict[str, Any]:
        """The files with their sizes and times."""
        return self._described

    @property
    def total(self) -> int:
        """As the files' own records say."""
        return sum(self._lengths)


def _row_groups(fragment: Any) -> list[Any]:
    return list(fragment.split_by_row_group()) if hasattr(fragment, "split_by_row_group") else [fragment]


def _length(fragment: Any) -> int:
    """Rows of a fragment; of a row group, its own, where ``count_rows`` gives those of the whole file."""
    if hasattr(fragment, "row_groups"):
        return sum(group.num_rows for group in fragment.row_groups)
    return int(fragment.count_rows())
