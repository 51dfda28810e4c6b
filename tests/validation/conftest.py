from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def X() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.random(24), "b": rng.random(24)}, index=[f"row {i}" for i in range(24)])


@pytest.fixture
def Y(X: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    low = np.sin(5 * X.a) + X.b + 0.1 * rng.normal(size=24)
    Y = pd.DataFrame({"low": low, "high": 2 * low + 0.1 * rng.normal(size=24)})
    Y.loc[Y.index[::3], "high"] = np.nan
    Y.loc[Y.index[1::6], "low"] = np.nan
    return Y
