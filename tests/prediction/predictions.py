"""Predictions to test with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mfgp.prediction import NormalPrediction

TASKS = ("low", "high", 3)


def random_prediction(n: int = 4, seed: int = 0) -> NormalPrediction:
    generator = np.random.default_rng(seed)
    roots = generator.standard_normal((n, 3, 3))
    index = pd.Index([f"row {i}" for i in range(n)], name="name")
    return NormalPrediction(TASKS, index, generator.standard_normal((n, 3)), roots @ roots.transpose(0, 2, 1))
