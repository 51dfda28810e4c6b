"""Groups of rows that are held out together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError


def read_groups(groups: Any, X: Any) -> NDArray[np.intp]:
    """A whole number for each row that is the same within a group.

    Parameters
    ----------
    groups
        The name of a column of X, or (n,) labels; a series has to have the row labels of X.
    X
        (n, d) inputs.

    Raises
    ------
    ColumnError
        There is no such column.
    DataError
        There is not one label a row, one is missing, or the row labels are others.

    Examples
    --------
    >>> read_groups("metal", pd.DataFrame({"metal": ["tin", "lead", "tin"]})).tolist()
    [0, 1, 0]
    """
    if np.ndim(groups) == 0:
        columns = list(X.columns) if isinstance(X, pd.DataFrame) else []
        if groups not in columns:
            named = f"its columns are {listed(columns)}" if columns else "it has no named columns"
            raise ColumnError(f"groups={groups!r} is no column of X: {named}; or give one label for each row")
        labels = X[groups].to_numpy(dtype=object)
    else:
        if isinstance(groups, pd.Series) and isinstance(X, pd.DataFrame) and not groups.index.equals(X.index):
            raise DataError("groups and X have different row labels; write groups.loc[X.index]")
        labels = np.asarray(groups, dtype=object)
        if labels.shape != (len(X),):
            raise DataError(f"groups has the shape {labels.shape}, expected ({len(X)},): give one label for each row")
    codes = pd.factorize(labels)[0]
    if (codes < 0).any():
        raise DataError(f"groups lacks a label in {(codes < 0).sum()} rows; give each row one")
    return codes.astype(np.intp)
