"""How well an estimator predicts what it has not seen."""

from mfgp.validation.calibration import (
    ProbabilityReliability,
    Reliability,
    probability_reliability,
    reliability,
)
from mfgp.validation.comparison import Comparison, compare
from mfgp.validation.cross_validation import cross_validate
from mfgp.validation.curve import LearningCurve, learning_curve
from mfgp.validation.extrapolation import HighestValues, input_clusters
from mfgp.validation.labels import LabelValidation, cross_validate_labels
from mfgp.validation.recalibration import Recalibration, recalibrate
from mfgp.validation.situation import Situation
from mfgp.validation.validation import Validation

__all__ = [
    "Comparison",
    "HighestValues",
    "LabelValidation",
    "LearningCurve",
    "ProbabilityReliability",
    "Recalibration",
    "Reliability",
    "Situation",
    "Validation",
    "compare",
    "cross_validate",
    "cross_validate_labels",
    "input_clusters",
    "learning_curve",
    "probability_reliability",
    "recalibrate",
    "reliability",
]
