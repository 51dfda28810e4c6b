"""Campaigns: what to measure next, at which row and of which task, until the best is found."""

from mfgp.optimization.box import Box
from mfgp.optimization.campaign import Campaign as Campaign  # its place in the reference is the package's
from mfgp.optimization.costs import Costs
from mfgp.optimization.decision import Acquisition, Decision
from mfgp.optimization.objective import Objective, maximize, minimize, target
from mfgp.optimization.pool import Pool
from mfgp.optimization.status import Status
from mfgp.optimization.stopping import StoppingRule

__all__ = [
    "Acquisition",
    "Box",
    "Costs",
    "Decision",
    "Objective",
    "Pool",
    "Status",
    "StoppingRule",
    "maximize",
    "minimize",
    "target",
]
