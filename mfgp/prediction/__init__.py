"""The joint distribution over tasks at each row, and those of functions of tasks."""

from mfgp.prediction.cascade import CascadePrediction
from mfgp.prediction.combination import CombinedPrediction
from mfgp.prediction.conditioning import condition
from mfgp.prediction.event import ConditionPrediction
from mfgp.prediction.function import FunctionPrediction
from mfgp.prediction.labelled import LabelledPrediction
from mfgp.prediction.mixture import MixturePrediction
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import Prediction
from mfgp.prediction.scaled import ScaledPrediction

__all__ = [
    "CascadePrediction",
    "CombinedPrediction",
    "ConditionPrediction",
    "FunctionPrediction",
    "LabelledPrediction",
    "MixturePrediction",
    "NormalPrediction",
    "Prediction",
    "ScaledPrediction",
    "condition",
]
