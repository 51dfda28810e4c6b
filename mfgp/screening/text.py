"""Pools of CSV files."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, final

import pandas as pd

from mfgp.data.csv import AS_TEXT, require_names
from mfgp.errors import DataError
from mfgp.screening.source import Chunk, GivenRows, Pool, describe_files, require_columns, wanted

DAMAGED: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@final
class TextPool(Pool):
    """CSV files, one after the other.

    Parameters
    ----------
    paths
        The files.
    columns
        Those that are wanted; None for all.
    size
        Rows of a chunk.
    as_text
        Columns that are read as they stand: 007 is no number there, and the text NaN no missing value.
    """

    def __init__(
        self, paths: Sequence[Path], columns: Sequence[Hashable] | None, size: int, as_text: Sequence[str] = ()
    ) -> None:
        self.paths, self.columns, self.size, self.as_text = paths, columns, size, list(as_text)

    def with_text(self, names: Sequence[str]) -> TextPool:
        """The same, with these columns read as they stand too."""
        return TextPool(self.paths, self.columns, self.size, list(dict.fromkeys([*self.as_text, *names])))

    def chunks(self) -> Iterator[Chunk]:
        """Runs of lines; lines that are skipped are read too."""
        number = 0
        for path in self.paths:
            try:
                for frame in self._frames(path):
                    yield Chunk(number, GivenRows(wanted(frame, self.columns, None)))
                    number += 1
            except pd.errors.EmptyDataError as error:
                raise DataError(f"{path} is empty; write a line of column names and one line a row") from error
            except (pd.errors.ParserError, UnicodeDecodeError) as error:
                reason = " ".join(str(error).split())
                raise DataError(f"{path} is no CSV file ({reason}); write it anew, or leave it out") from error
            except DAMAGED as error:
                raise DataError(
                    f"{path} cannot be read ({error}); write it anew, or give it the ending of what it is"
                ) from error

    def describe(self) -> dict[str, Any]:
        """The files with their sizes and times."""
        return {"kind": "CSV", **describe_files(self.paths)}

    def _frames(self, path: Path) -> Iterator[pd.DataFrame]:
        require_names(path)
        with pd.read_csv(path, chunksize=self.size) as reader:
            if not self.as_text:
                yield from reader
                return
            require_columns(list(pd.read_csv(path, nrows=0).columns), self.as_text)
            with pd.read_csv(path, chunksize=self.size, usecols=self.as_text, **AS_TEXT) as texts:
                for frame, text in zip(reader, texts, strict=True):
                    yield frame.assign(**{name: text[name] for name in self.as_text})
