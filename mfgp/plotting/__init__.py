"""A plot is a function of a result, and gives a matplotlib Figure."""

from mfgp.plotting.campaign import progress, spending
from mfgp.plotting.comparison import comparison
from mfgp.plotting.front import pareto_front
from mfgp.plotting.learning_curve import learning_curve
from mfgp.plotting.levels import level_map
from mfgp.plotting.parity import parity
from mfgp.plotting.reliability import pit_histogram, reliability
from mfgp.plotting.screening import expected_hits, score_histogram, screening
from mfgp.plotting.slices import slices
from mfgp.plotting.tasks import task_correlation, task_embedding

__all__ = [
    "comparison",
    "expected_hits",
    "learning_curve",
    "level_map",
    "pareto_front",
    "parity",
    "pit_histogram",
    "progress",
    "reliability",
    "score_histogram",
    "screening",
    "slices",
    "spending",
    "task_correlation",
    "task_embedding",
]
