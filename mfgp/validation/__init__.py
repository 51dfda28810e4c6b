"""How well an estimator predicts what it has not seen."""

from mfgp.validation.comparison import Comparison, compare
from mfgp.validation.cross_validation import cross_validate
from mfgp.validation.labels import LabelValidation, cross_validate_labels
from mfgp.validation.situation import Situation
from mfgp.validation.validation import Validation

__all__ = [
    "Comparison",
    "LabelValidation",
    "Situation",
    "Validation",
    "compare",
    "cross_validate",
    "cross_validate_labels",
]
