"""The prediction that models at one or several draws of the hyperparameters make together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax

from mfgp.prediction.conditioning import condition, log_density_of_known
from mfgp.prediction.mixture import MixturePrediction
from mfgp.prediction.normal import NormalPrediction


def predict_members(
    tasks: tuple[Hashable, ...],
    index: pd.Index,
    joints: Sequence[tuple[np.ndarray, np.ndarray]],
    known: np.ndarray | None,
    noise: np.ndarray,
    added: Sequence[np.ndarray] | None,
) -> NormalPrediction | MixturePrediction:
    """Each member's joint distribution given what is known, and their mixture where there are several.

    Members count by the density that they gave to the known values of a row.

    Parameters
    ----------
    tasks, index
        As for :class:`~mfgp.Prediction`.
    joints
        Means (n, T) and covariances (n, T, T) of each member.
    known
        (n, T) values, NaN where not known; None if none is.
    noise
        (n, T) standard deviations of the known values.
    added
        (T,) standard deviations of a new measurement by each member, to add; None for none.

    Examples
    --------
    >>> joint = np.zeros((1, 2)), np.array([[[1.0, 0.8], [0.8, 1.0]]])
    >>> known, noise = np.array([[2.0, np.nan]]), np.zeros((1, 2))
    >>> predict_members(("a", "b"), pd.RangeIndex(1), [joint], known, noise, None).means.tolist()
    [[2.0, 1.6]]
    """
    components, log_weights = [], []
    for place, (means, covariance) in enumerate(joints):
        log_weights.append(np.zeros(len(means)))
        if known is not None:
            if len(joints) > 1:
                log_weights[-1] = log_density_of_known(means, covariance, known, np.square(noise))
            means, covariance = condition(means, covariance, known, np.square(noise))
        if added is not None:
            covariance = covariance + np.diag(np.square(added[place]))
        components.append(NormalPrediction(tasks, index, means, covariance))
    if len(components) == 1:
        return components[0]
    return MixturePrediction.of_components(components, softmax(log_weights, axis=0))
