"""The package's own architectures, averaged over the hyperparameters where values left out speak for it."""

from __future__ import annotations

from benchmarks.contestants import Predict, Train
from benchmarks.contestants.ours import fit
from mfgp import DifferenceGP, LatentVariableGP, MultiTaskGP


def difference(train: Train) -> Predict:
    """mfgp.DifferenceGP with hyperparameters="auto"."""
    return fit(DifferenceGP(hyperparameters="auto"), train)


def multi_task(train: Train) -> Predict:
    """mfgp.MultiTaskGP with hyperparameters="auto"."""
    return fit(MultiTaskGP(hyperparameters="auto"), train)


def latent_variable(train: Train) -> Predict:
    """mfgp.LatentVariableGP with hyperparameters="auto"."""
    return fit(LatentVariableGP(hyperparameters="auto"), train)
