"""What a screening writes beside its answer: the scored pool and the list of bad rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mfgp.errors import DataError
from mfgp.screening.bad_rows import COLUMNS
from mfgp.screening.tally import Tally, part_name


class BadFile:
    """All bad rows as CSV. Those that a checkpoint does not know of, of a run that was stopped, are cut off.

    Parameters
    ----------
    path
        The file.
    tally
        What is known so far.

    Raises
    ------
    DataError
        There is a folder, or the file lacks bad rows that are known.
    """

    def __init__(self, path: Path, tally: Tally) -> None:
        self.path, self.known = path, pd.DataFrame(columns=COLUMNS)
        if path.is_dir():
            raise DataError(f"bad_rows={path} is a folder, expected a file; write bad_rows={path / 'bad.csv'}")
        if not tally.bad.total:
            return
        if path.exists():
            self.known = pd.read_csv(path, keep_default_na=False, nrows=tally.bad.total)
        if len(self.known) < tally.bad.total:
            raise DataError(
                f"{path} lacks bad rows that were found before the screening was stopped; give bad_rows= as then"
            )

    def begin(self) -> None:
        """Write what is known."""
        self.known.to_csv(self.path, index=False)

    def add(self, bad: pd.DataFrame, rows: int) -> None:
        """The bad rows of a chunk that comes after so many rows."""
        if len(bad):
            bad.assign(row=bad["row"] + rows)[COLUMNS].to_csv(self.path, mode="a", header=False, index=False)


def require_parts(folder: Path, chunks: int | None) -> None:
    """Raise DataError unless a folder has the parts of the chunks that were scored before.

    Parameters
    ----------
    folder
        Where the scored pool goes.
    chunks
        How many, of a run that goes on; None for one that begins, which wants a folder without parts: those of another
        pool would be read as if they were of this one.
    """
    parts = {path.name for path in folder.glob("part-*.parquet")}
    if chunks is None and parts:
        raise DataError(
            f"the folder {folder} holds {len(parts)} parts of a scored pool already, first {min(parts)}; give another "
            "scored=, or delete them"
        )
    missing = [name for name in map(part_name, range(chunks or 0)) if name not in parts]
    if missing:
        raise DataError(
            f"the folder {folder} lacks {len(missing)} parts that were scored before the screening was stopped, first "
            f"{missing[0]}; give scored= as then, or another checkpoint= to begin anew"
        )


def make_folder(path: Path, name: str) -> Path:
    """Make a folder for what the parameter `name` asks for.

    Raises
    ------
    DataError
        It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the folder {path} cannot be made ({error.strerror}); give another {name}=") from error
    return path.resolve()
