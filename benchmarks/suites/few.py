"""Very few values: the maximum of the posterior against averages over the hyperparameters, and the peers."""

from __future__ import annotations

import pandas as pd

from benchmarks.contestants import AVERAGED, CONTESTANTS
from benchmarks.context import Context
from benchmarks.problems import Problem
from benchmarks.suites.accuracy import compete
from mfgp.datasets import borehole, currin, forrester, park

PROBLEMS = [Problem(forrester, 21, 5), Problem(currin, 12, 5), Problem(park, 30, 5), Problem(borehole, 60, 5)]
NAMES = [
    *("DifferenceGP", "MultiTaskGP", "LatentVariableGP"),
    *AVERAGED,
    *("BoTorch MultiTaskGP", "Emukit linear", "SMT MFK"),
]


def run(context: Context) -> pd.DataFrame:
    """One line a (problem, contestant), as in the accuracy suite."""
    context.note("Averages are scored by their mean and deviation, as if they were normal.")
    if context.settings.quick:
        return compete(context, [Problem(forrester, 8, 3)], ["DifferenceGP, auto"])
    return compete(context, PROBLEMS, [name for name in CONTESTANTS if name in NAMES])
