"""Gaussian processes for quantities that are related but not equal.

Frames go in (X, and Y with one column a task, NaN where not measured), joint distributions over the tasks come out.
"""

from mfgp.architectures import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.data import from_long
from mfgp.model import TaskGP
from mfgp.prediction import Prediction

__version__ = "0.1.0"

__all__ = [
    "DifferenceGP",
    "IndependentGP",
    "LatentVariableGP",
    "MultiTaskGP",
    "Prediction",
    "TaskGP",
    "from_long",
]
