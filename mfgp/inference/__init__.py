"""Evidence, fitting and posterior of a Gaussian process over (input, task): tensors only."""

from mfgp.inference.cascade import Cascade
from mfgp.inference.cascade_fitting import fit_cascade
from mfgp.inference.conditional import Conditional
from mfgp.inference.fantasies import Fantasies
from mfgp.inference.fitting import fit, refit
from mfgp.inference.left_out import LeftOut, left_out
from mfgp.inference.noise import TaskNoise
from mfgp.inference.pattern import Known
from mfgp.inference.posterior import ExactPosterior
from mfgp.inference.report import FitReport, SamplingReport, StartReport

__all__ = [
    "Cascade",
    "Conditional",
    "ExactPosterior",
    "Fantasies",
    "FitReport",
    "Known",
    "LeftOut",
    "SamplingReport",
    "StartReport",
    "TaskNoise",
    "fit",
    "fit_cascade",
    "left_out",
    "refit",
]
