"""The package's own architectures, at their defaults."""

from __future__ import annotations

import numpy as np

from benchmarks.contestants import Array, Predict, Predicted, Train
from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP


def fit(model: DifferenceGP | IndependentGP | LatentVariableGP | MultiTaskGP, train: Train) -> Predict:
    """A model fitted to a table that has each value in a row of its own."""
    task = np.repeat(np.arange(len(train.y)), [len(y) for y in train.y])
    table = np.where(task[:, None] == np.arange(len(train.y)), np.concatenate(train.y)[:, None], np.nan)
    model.fit(np.vstack(train.x), table)

    def predict(x: Array) -> Predicted:
        mean, std = model.predict(x, return_std=True)
        return Predicted(mean[:, -1], std[:, -1], float(model.noise_.iloc[-1]))

    return predict


def difference(train: Train) -> Predict:
    """mfgp.DifferenceGP."""
    return fit(DifferenceGP(), train)


def multi_task(train: Train) -> Predict:
    """mfgp.MultiTaskGP."""
    return fit(MultiTaskGP(), train)


def latent_variable(train: Train) -> Predict:
    """mfgp.LatentVariableGP."""
    return fit(LatentVariableGP(), train)


def independent(train: Train) -> Predict:
    """mfgp.IndependentGP."""
    return fit(IndependentGP(), train)
