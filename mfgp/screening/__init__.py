"""From a table of millions of rows to the few that are worth most."""

from mfgp.screening.criterion import (
    Criterion,
    ExpectedImprovement,
    Mean,
    Probability,
    Quantile,
    UpperBound,
    ValuePerCost,
)
from mfgp.screening.histogram import Histogram
from mfgp.screening.precision import Precision
from mfgp.screening.progress import Progress
from mfgp.screening.result import Hits, Screening
from mfgp.screening.screen import screen

__all__ = [
    "Criterion",
    "ExpectedImprovement",
    "Histogram",
    "Hits",
    "Mean",
    "Precision",
    "Probability",
    "Progress",
    "Quantile",
    "Screening",
    "UpperBound",
    "ValuePerCost",
    "screen",
]
