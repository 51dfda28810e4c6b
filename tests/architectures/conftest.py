"""Two related tasks of two inputs, values with a little noise and some of them not measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def X() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    x = generator.uniform(-1.0, 1.0, (22, 2))
    return pd.DataFrame(x * [1.0, 30.0] + [0.0, 5.0], columns=["a", "b"], index=[f"row {i}" for i in range(22)])


@pytest.fixture
def Y(X: pd.DataFrame) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    a, b = X.a, (X.b - 5.0) / 30.0
    low = np.sin(3 * a) + 0.7 * b + 0.05 * generator.standard_normal(len(X))
    high = 2.0 * np.sin(3 * a) + 1.4 * b + 0.6 * a * b + 0.05 * generator.standard_normal(len(X))
    Y = pd.DataFrame({"low": low, "high": high}, index=X.index)
    Y.loc[X.index[::2], "high"] = np.nan
    Y.loc[X.index[1], "low"] = np.nan
    return Y


@pytest.fixture
def X_new() -> pd.DataFrame:
    x = np.random.default_rng(2).uniform(-1.0, 1.0, (6, 2))
    return pd.DataFrame(x * [1.0, 30.0] + [0.0, 5.0], columns=["a", "b"], index=[f"new {i}" for i in range(6)])
