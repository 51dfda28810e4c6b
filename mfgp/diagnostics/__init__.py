"""Diagnostics in words: what a careful statistician would say of a fit."""

from mfgp.diagnostics.check import Check
from mfgp.diagnostics.examination import examine
from mfgp.diagnostics.finding import Finding
from mfgp.diagnostics.fitted import Fitted, NewRows, Part
from mfgp.diagnostics.left_out import LeftOutValues

__all__ = ["Check", "Finding", "Fitted", "LeftOutValues", "NewRows", "Part", "examine"]
