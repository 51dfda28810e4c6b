"""Small fits, each made once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mfgp


def table(n: int = 30, seed: int = 0, noise: float = 0.1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two related tasks of two inputs, the second at every other row."""
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(generator.uniform(-1.0, 1.0, (n, 2)), columns=["a", "b"], index=[f"row {i}" for i in range(n)])
    f = np.sin(3.0 * X.a) + X.b
    Y = pd.DataFrame({"low": f + noise * generator.standard_normal(n), "high": 2.0 * f + X.a})
    Y["high"] += noise * generator.standard_normal(n)
    Y.loc[X.index[1::2], "high"] = np.nan
    return X, Y


ESTIMATORS = {
    each.__name__: each
    for each in (mfgp.IndependentGP, mfgp.MultiTaskGP, mfgp.DifferenceGP, mfgp.LatentVariableGP, mfgp.CascadeGP)
}


@cache
def fit(name: str) -> Any:
    return ESTIMATORS[name]().fit(*table())
