"""The model and the rows that the suites of screening share."""

from __future__ import annotations

import numpy as np
import pandas as pd

import mfgp

SIZE, INPUTS = 1000, 20
WINDOW = (0.5, 0.7)
WHERE = f"{WINDOW[0]} < high < {WINDOW[1]}"
NAMES = [f"x{place}" for place in range(INPUTS)]


def data(size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two related tasks at different rows, a fifth of them of the second."""
    generator = np.random.default_rng(0)
    X = rows_of(size, seed=0)
    low = _truth(X) + 0.05 * generator.standard_normal(size)
    high = 1.3 * _truth(X) + 0.2 * X["x1"] + 0.05 * generator.standard_normal(size)
    later = np.arange(size) >= 4 * size // 5
    return X, pd.DataFrame({"low": low.where(~later), "high": high.where(later)})


def fitted(size: int) -> mfgp.MultiTaskGP:
    """The model that screens."""
    return mfgp.MultiTaskGP().fit(*data(size))


def rows_of(count: int, seed: int) -> pd.DataFrame:
    """Rows in the unit cube."""
    return pd.DataFrame(np.random.default_rng(seed).random((count, INPUTS)), columns=NAMES)


def _truth(X: pd.DataFrame) -> pd.Series:
    weights = np.random.default_rng(7).standard_normal(INPUTS)
    return np.sin(X @ weights / 3.0) + 0.1 * X["x0"]
