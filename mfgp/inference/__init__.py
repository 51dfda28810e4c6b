"""Evidence, fitting and posterior of a Gaussian process over (input, task): tensors only."""

from mfgp.inference.fitting import fit, refit
from mfgp.inference.left_out import LeftOut, left_out
from mfgp.inference.noise import TaskNoise
from mfgp.inference.posterior import ExactPosterior
from mfgp.inference.report import FitReport, StartReport

__all__ = ["ExactPosterior", "FitReport", "LeftOut", "StartReport", "TaskNoise", "fit", "left_out", "refit"]
