"""Questions in files: which of their lines are answered, and whether those answers are told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfgp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from mfgp.optimization import Box, Pool


def read_answers(file: Path, space: Pool | Box) -> pd.DataFrame:
    """A CSV file, with labels as text if the candidates have text, and values as numbers where classes are among them.

    Raises
    ------
    DataError, ColumnError
        It cannot be used as a table.
    """
    import pandas as pd
    from pandas.api.types import is_numeric_dtype

    from mfgp.cli.table import read_table
    from mfgp.optimization import Pool

    labels = ["candidate", space.labels.name] if isinstance(space, Pool) and isinstance(space.labels[0], str) else []
    frame = read_table(file, *labels)
    if "value" in frame and not is_numeric_dtype(frame["value"]):
        numbers = pd.to_numeric(frame["value"], errors="coerce").astype(object)
        frame["value"] = numbers.where(numbers.notna(), frame["value"])
    return frame


def answered(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether each line of a question has a value, or a reason of failure."""
    found = frame["value"].notna()
    return found | frame["reason"].notna() if "reason" in frame.columns else found


def require_told(file: Path, history: pd.DataFrame) -> None:
    """Raise DataError if writing a question to a file would lose what it holds.

    Parameters
    ----------
    file
        There need not be one.
    history
        Of the campaign; what it has is not lost.
    """
    from mfgp.cli.table import read_table

    if not file.exists():
        return
    frame = read_table(file)
    if not {"trial", "value"} <= set(frame.columns):
        raise DataError(f"{file} exists and is no question of a campaign; name another file by --out")
    frame = frame[answered(frame)]
    known = history.reindex(frame["trial"])
    said, stored = (
        table["value"].astype(object).where(table["value"].notna(), table.get("reason")) for table in (frame, known)
    )
    lost = [each for each in zip(frame["trial"], said, stored, strict=True) if not _is_same(*each[1:])]
    if lost:
        raise DataError(
            f"{file} holds {len(lost)} answers that are not told, the first of trial {lost[0][0]}; write mfgp campaign "
            f"tell {file} first, or name another file by --out"
        )


def _is_same(said: Any, stored: Any) -> bool:
    try:
        return float(said) == float(stored)
    except (TypeError, ValueError):
        return str(said) == str(stored)
