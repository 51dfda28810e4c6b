"""A pool as chunks of rows, whatever it is: a frame, files, frames one after the other."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np
import pandas as pd

from mfgp.data.table import listed, require_unique
from mfgp.errors import ColumnError, DataError, DataTypeError

TABLES = {".parquet", ".pq"}
TEXTS = {".csv", ".gz", ".bz2", ".xz", ".zip"}
KINDS = (
    "a pandas frame, the path of a Parquet or CSV file, a folder or a glob of them, an Arrow data set, an iterator of "
    "frames, or a Dask frame"
)


@dataclass(frozen=True)
class Chunk:
    """Some rows of a pool, read when they are asked for.

    Parameters
    ----------
    number
        Its place among the chunks.
    load
        Gives the rows, with the columns wanted.
    """

    number: int
    load: Callable[[], pd.DataFrame]


class Pool(ABC):
    """Rows in chunks, in an order of their own that does not change."""

    label: str | None = None
    """The column that the labels of the rows have become, if the pool has labels of its own."""
    origins: Mapping[Hashable, str] = MappingProxyType({})
    """By column that is made from another one, that one."""

    def with_text(self, names: Sequence[str]) -> Pool:
        """The same, with these columns read as they stand where types are guessed, as in CSV files."""
        return self

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """The chunks, one after the other."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What tells this pool from another, as text and numbers."""

    @property
    def total(self) -> int | None:
        """How many rows there are, if that is known beforehand."""
        return None

    def head(self, count: int) -> pd.DataFrame:
        """The first rows."""
        parts, found = [], 0
        for chunk in self.chunks():
            parts.append(chunk.load().head(count - found))
            found += len(parts[-1])
            if found >= count:
                break
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@dataclass(frozen=True)
class GivenRows:
    """Rows that are there already.

    Parameters
    ----------
    frame
        The rows.
    """

    frame: pd.DataFrame

    def __call__(self) -> pd.DataFrame:
        """These."""
        return self.frame


@final
class MappedPool(Pool):
    """Another pool, each chunk of which is changed when it is read.

    Parameters
    ----------
    pool
        The other one.
    change
        Gives as many rows as it gets; it can be pickled.
    described
        What tells the change from another.
    columns
        Those that are wanted afterwards; None for all.
    origins
        By column that the change makes from another one, that one, which is to be among those wanted.
    """

    def __init__(
        self,
        pool: Pool,
        change: Callable[[pd.DataFrame], pd.DataFrame],
        described: Mapping[str, Any],
        columns: Sequence[Hashable] | None = None,
        origins: Mapping[Hashable, str] = MappingProxyType({}),
    ) -> None:
        self.pool, self.change, self.described, self.columns = pool, change, dict(described), columns
        self.origins = origins

    def wanting(self, columns: Sequence[Hashable]) -> MappedPool:
        """The same, with these columns only."""
        return MappedPool(self.pool, self.change, self.described, columns, self.origins)

    def with_text(self, names: Sequence[str]) -> MappedPool:
        """The other pool, with these columns read as they stand."""
        return MappedPool(self.pool.with_text(names), self.change, self.described, self.columns, self.origins)

    def chunks(self) -> Iterator[Chunk]:
        """The other pool's, changed."""
        for chunk in self.pool.chunks():
            yield Chunk(chunk.number, _Changed(chunk.load, self.change, self.columns))

    def describe(self) -> dict[str, Any]:
        """The other pool, and the change."""
        return {**self.pool.describe(), **self.described}

    @property
    def total(self) -> int | None:
        """The other pool's."""
        return self.pool.total


@dataclass(frozen=True)
class _Changed:
    """Rows that are changed once they are read."""

    load: Callable[[], pd.DataFrame]
    change: Callable[[pd.DataFrame], pd.DataFrame]
    columns: Sequence[Hashable] | None

    def __call__(self) -> pd.DataFrame:
        return wanted(self.change(self.load()), self.columns, None)


@final
class FramePool(Pool):
    """A frame in memory.

    Parameters
    ----------
    frame
        The rows; labels other than a plain count become a column.
    columns
        Those that are wanted.
    size
        Rows of a chunk.
    """

    def __init__(self, frame: pd.DataFrame, columns: Sequence[Hashable], size: int) -> None:
        if not isinstance(frame.index, pd.RangeIndex):
            self.label = str(frame.index.name or "index")
        self.frame, self.size = wanted(frame, columns, self.label), size

    def chunks(self) -> Iterator[Chunk]:
        """Slices."""
        for number, start in enumerate(range(0, len(self.frame), self.size)):
            yield Chunk(number, GivenRows(self.frame.iloc[start : start + self.size]))

    def describe(self) -> dict[str, Any]:
        """Its size and a hash of all columns wanted."""
        return {"kind": "frame", "rows": len(self.frame), "hash": hash_of([self.frame])}

    @property
    def total(self) -> int:
        """Its length."""
        return len(self.frame)


@final
class StreamPool(Pool):
    """Frames from an iterator, which can be gone through once.

    Parameters
    ----------
    frames
        The frames.
    columns
        Those that are wanted.
    size
        Most rows of a chunk; longer frames are cut.
    """

    def __init__(self, frames: Iterable[Any], columns: Sequence[Hashable], size: int) -> None:
        self.frames: Iterator[pd.DataFrame] = map(_frame, frames)
        self.columns, self.size = columns, size

    def chunks(self) -> Iterator[Chunk]:
        """Slices of each frame."""
        number = 0
        for frame in self.frames:
            rows = wanted(frame, self.columns, None)
            for start in range(0, len(rows), self.size):
                yield Chunk(number, GivenRows(rows.iloc[start : start + self.size]))
                number += 1

    def head(self, count: int) -> pd.DataFrame:
        """The first rows, which are kept to come again."""
        kept, found = [], 0
        for frame in self.frames:
            kept.append(frame)
            found += len(frame)
            if found >= count:
                break
        self.frames = chain(kept, self.frames)
        parts = [wanted(frame, self.columns, None) for frame in kept]
        return pd.concat(parts, ignore_index=True).head(count) if parts else pd.DataFrame()

    def describe(self) -> dict[str, Any]:
        """Nothing but what it is."""
        return {"kind": "iterator"}


def open_pool(pool: Any, columns: Sequence[Hashable] | None, size: int, as_text: Sequence[str] = ()) -> Pool:
    """A pool in whatever form it is given.

    Parameters
    ----------
    pool
        What the user gave.
    columns
        Those that are wanted; of files, None for all.
    size
        Most rows of a chunk.
    as_text
        Columns of CSV files that are read as they stand: 007 is no number there, and the text NaN no missing value.

    Raises
    ------
    DataError
        There is no such file, or a folder holds none.
    DataTypeError
        It is none of what a pool can be.
    """
    home = type(pool).__module__.partition(".")[0]
    if isinstance(pool, str | Path):
        return _open_files(Path(pool), columns, size, as_text)
    assert columns is not None
    if isinstance(pool, MappedPool):
        return pool.wanting(columns).with_text(as_text)
    if isinstance(pool, pd.DataFrame):
        return FramePool(pool, columns, size)
    if isinstance(pool, np.ndarray):
        return FramePool(pd.DataFrame(pool, columns=[f"x{place}" for place in range(pool.shape[-1])]), columns, size)
    if home == "dask":
        from mfgp.screening.distributed import DaskPool

        return DaskPool(pool, columns)
    if home == "pyarrow":
        from mfgp.screening.arrow import ArrowPool

        return ArrowPool.of_data(pool, columns, size)
    if hasattr(pool, "to_pandas"):
        raise DataTypeError(f"the pool is a table of {home}, expected {KINDS}: write pool.to_pandas()")
    if isinstance(pool, Iterable):
        return StreamPool(pool, columns, size)
    raise DataTypeError(f"the pool is a {type(pool).__name__}, expected {KINDS}")


def describe_files(paths: Sequence[Path]) -> dict[str, Any]:
    """How many files, their bytes together, and a hash of names, sizes and times."""
    found = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    digest = hashlib.sha256(repr(found).encode()).hexdigest()
    return {"files": len(found), "bytes": sum(size for _, size, _ in found), "digest": digest}


def hash_of(frames: Iterable[pd.DataFrame]) -> str:
    """A hash of rows, the same however they are cut into frames."""
    digest = hashlib.sha256()
    for frame in frames:
        hashable = frame.apply(lambda column: column.map(repr) if column.dtype == object else column)
        digest.update(pd.util.hash_pandas_object(hashable, index=False, categorize=False).to_numpy().tobytes())
    return digest.hexdigest()


def require_columns(present: Sequence[Hashable], wanted: Sequence[Hashable]) -> None:
    """Raise ColumnError if the pool lacks a column, or has it twice."""
    missing = [name for name in wanted if name not in present]
    if missing:
        raise ColumnError(f"the pool lacks the columns {listed(missing)}; it has {listed(present)}")
    require_unique(pd.Index([name for name in present if name in wanted], tupleize_cols=False), "the pool")


def _open_files(path: Path, columns: Sequence[Hashable] | None, size: int, as_text: Sequence[str]) -> Pool:
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.suffix in TABLES | TEXTS and each.is_file())
        base: Path | None = path
    elif path.exists():
        files, base = [path], None
    else:
        files, base = [Path(name) for name in sorted(glob(str(path), recursive=True))], None
    if not files:
        raise DataError(f"{path} is no file, and no folder or glob of Parquet or CSV files; give the path of one")
    tables = [file for file in files if file.suffix in TABLES]
    if tables and len(tables) < len(files):
        raise DataError(f"{path} has Parquet and CSV files; give those of one kind, for example '{path}/*.parquet'")
    if not tables:
        from mfgp.screening.text import TextPool

        strange = [file.name for file in files if file.suffix not in TEXTS]
        if strange:
            raise DataError(f"{listed(strange)} is neither a Parquet nor a CSV file; write .parquet or .csv")
        return TextPool(files, columns, size, as_text)
    from mfgp.screening.arrow import ArrowPool

    return ArrowPool.of_files(tables, base, columns, size)


def _frame(value: Any) -> pd.DataFrame:
    if not isinstance(value, pd.DataFrame):
        raise DataTypeError(f"the pool's iterator gave a {type(value).__name__}, expected pandas frames")
    return value


def wanted(frame: pd.DataFrame, columns: Sequence[Hashable] | None, label: str | None) -> pd.DataFrame:
    """The columns that are wanted, None for all; the row labels are the column `label`."""
    if columns is None:
        return frame
    require_columns([*frame.columns, *([] if label is None else [label])], columns)
    found = frame[[name for name in columns if name in frame.columns]]
    return found if label is None or label in found.columns else found.assign(**{label: frame.index})
