"""The joint distribution over tasks at each row."""

from mfgp.prediction.conditioning import condition
from mfgp.prediction.labelled import LabelledPrediction
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import Prediction

__all__ = ["LabelledPrediction", "NormalPrediction", "Prediction", "condition"]
