"""CSV files: the line of column names, and columns that are text whatever stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from mfgp.data.table import require_unique
from mfgp.errors import DataError

AS_TEXT: Final[dict[str, Any]] = {"dtype": str, "keep_default_na": False, "na_values": [""]}
"""How pandas reads text as it stands: 007 is no number, NaN no missing value; an empty cell is one."""


def require_names(path: Path) -> None:
    """Raise unless the first line of a CSV file has one name for each field of the line below, no name twice.

    Where a line has a field more than there are names, pandas takes the first one for a label of the row, and each name
    for the field to the right of its own.

    Raises
    ------
    ColumnError
        A name comes twice.
    DataError
        There are more fields than names.
    """
    names = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
    require_unique(pd.Index(names[names != ""]), str(path))
    labels = pd.read_csv(path, nrows=1, dtype=str).index
    if not isinstance(labels, pd.RangeIndex):
        raise DataError(
            f"{path} has {len(names)} column names and {len(names) + labels.nlevels} fields in the line below: write a "
            "name for each field, or leave out the comma at the end of the lines"
        )
