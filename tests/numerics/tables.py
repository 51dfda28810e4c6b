"""A small table of two tasks, and every architecture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import mfgp
from mfgp.architectures.regressor import Regressor

KINDS: list[Callable[..., Regressor]] = [
    mfgp.DifferenceGP,
    mfgp.MultiTaskGP,
    mfgp.LatentVariableGP,
    mfgp.IndependentGP,
    mfgp.CascadeGP,
    mfgp.AutoGP,
]


def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    x = np.linspace(0.0, 1.0, 9)
    Y = pd.DataFrame({"low": np.sin(6.0 * x), "high": 2.0 * np.sin(6.0 * x) + x})
    Y.loc[[1, 2, 4, 5, 7], "high"] = np.nan
    return pd.DataFrame({"x": x}), Y
