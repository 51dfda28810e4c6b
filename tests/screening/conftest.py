"""Models and pools of a few inputs, small enough for every test to screen several times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mfgp

INPUTS = ["a", "b"]


def low(X: pd.DataFrame) -> np.ndarray:
    return np.sin(5 * X["a"].to_numpy()) + X["b"].to_numpy()


def high(X: pd.DataFrame) -> np.ndarray:
    return 1.5 * low(X) + 0.3 * np.cos(3 * X["b"].to_numpy())


@pytest.fixture(scope="session")
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((40, 2)), columns=INPUTS)
    Y = pd.DataFrame({"low": low(X), "high": high(X)}) + 0.05 * generator.standard_normal((40, 2))
    Y.loc[12:, "high"] = np.nan
    return X, Y


@pytest.fixture(scope="session")
def model(table: tuple[pd.DataFrame, pd.DataFrame]) -> mfgp.DifferenceGP:
    return mfgp.DifferenceGP().fit(*table)


@pytest.fixture(scope="session")
def pool() -> pd.DataFrame:
    """Rows with a known low value in half of them, some of the rows twice."""
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(generator.random((1500, 2)), columns=INPUTS)
    frame.loc[900:, INPUTS] = frame.loc[:599, INPUTS].to_numpy()
    frame["name"] = [f"m{row}" for row in range(len(frame))]
    frame["low"] = np.where(np.arange(len(frame)) % 2 == 0, low(frame), np.nan)
    frame["cost"] = 1.0 + generator.random(len(frame))
    return frame.round(6)  # which a CSV file keeps to the last bit
