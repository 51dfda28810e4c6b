"""Who takes part: this package's estimators and its peers, each a function from data to a fitted model.

A contestant is a function ``fit(train) -> predict`` in a module of this folder; ``predict(x)`` gives mean, standard
deviation and noise deviation of the last task at inputs (n, d). Modules import their library at the top, so that a
library which is not installed leaves out its own contestants only. This file imports numpy alone: a worker may run in
an environment without this package's dependencies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

#: Name of each contestant, and the module and function it is.
CONTESTANTS = {
    "DifferenceGP": ("ours", "difference"),
    "MultiTaskGP": ("ours", "multi_task"),
    "LatentVariableGP": ("ours", "latent_variable"),
    "IndependentGP": ("ours", "independent"),
    "DifferenceGP, auto": ("averaged", "difference"),
    "MultiTaskGP, auto": ("averaged", "multi_task"),
    "LatentVariableGP, auto": ("averaged", "latent_variable"),
    "BoTorch MultiTaskGP": ("botorch_models", "multi_task"),
    "BoTorch SingleTaskMultiFidelityGP": ("botorch_models", "multi_fidelity"),
    "Emukit linear": ("emukit_models", "linear"),
    "SMT MFK": ("smt_models", "mfk"),
    "scikit-learn GP, last task only": ("scikit_learn_models", "alone"),
}
AVERAGED = [name for name, (module, _) in CONTESTANTS.items() if module == "averaged"]
OURS = [name for name, (module, _) in CONTESTANTS.items() if module in ("ours", "averaged")]
PEERS = [name for name in CONTESTANTS if name not in OURS]


@dataclass(frozen=True)
class Train:
    """What a contestant learns from.

    Parameters
    ----------
    x, y
        Inputs (n_t, d) in natural units and values (n_t,) of each task, low fidelity first.
    bounds
        (d, 2) lower and upper bound of each input.
    noisy
        Whether the values have noise: known to everyone, as it is to the person who took the data.
    """

    x: list[Array]
    y: list[Array]
    bounds: Array
    noisy: bool

    def unit(self, x: Array) -> Array:
        """Inputs scaled to the unit cube."""
        low, high = self.bounds.T
        return (x - low) / (high - low)

    def standardized(self) -> tuple[list[Array], float, float]:
        """Values in units of each task's own mean and deviation, and the last task's mean and deviation."""
        means, scales = [y.mean() for y in self.y], [y.std(ddof=1) for y in self.y]
        values = [(y - mean) / scale for y, mean, scale in zip(self.y, means, scales, strict=True)]
        return values, float(means[-1]), float(scales[-1])


@dataclass(frozen=True)
class Predicted:
    """Mean (n,) and standard deviation (n,) of the last task's truth, and the deviation of its noise, NaN if untold."""

    mean: Array
    std: Array
    noise: float = float("nan")


Predict: TypeAlias = Callable[[Array], Predicted]
Fit: TypeAlias = Callable[[Train], Predict]


def load(name: str) -> Fit:
    """The function of a contestant; ImportError where its library is not installed."""
    module, function = CONTESTANTS[name]
    return getattr(import_module(f"benchmarks.contestants.{module}"), function)
