"""Maximum a posteriori hyperparameters: several starts, coarse to fine, the best one wins."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from mfgp.data.observations import Observations
from mfgp.inference.noise import TaskNoise
from mfgp.inference.objective import Objective
from mfgp.inference.optimizer import climb
from mfgp.inference.report import FitReport, StartReport
from mfgp.inference.starts import starting_points
from mfgp.inference.subsets import stratified_subset
from mfgp.inference.threads import threads_for
from mfgp.kernels import TaskKernel

COARSE_ROWS = 200
FINER_ROWS = (600,)
FIRST_EVALUATIONS = 30
COARSE_EVALUATIONS = 200
FINER_EVALUATIONS = 40
FINAL_EVALUATIONS = 15
CARRIED_ON_WITHIN = 10.0


@dataclass
class _Candidate:
    name: str
    vector: np.ndarray
    log_posterior: float
    status: str
    evaluations: int
    seconds: float


def fit(kernel: TaskKernel, noise: TaskNoise, observations: Observations) -> FitReport:
    """Set the parameters of kernel and noise to the maximum of their posterior density.

    All starts climb a little on a stratified subset, those that are not far behind climb on to convergence there, and
    the best of those is finished on larger subsets and on all the observations.

    Parameters
    ----------
    kernel, noise
        Modules whose free parameters are set; their current values are one of the starts.
    observations
        Standardised observations, sorted by task.
    """
    began = time.perf_counter()
    levels = [stratified_subset(observations, size) for size in (COARSE_ROWS, *FINER_ROWS) if size < len(observations)]
    levels.append(observations)
    evaluations, jitter = 0, 0.0
    with threads_for(len(levels[0])):
        coarse = Objective(kernel, noise, levels[0])
        candidates = []
        for name in starting_points(kernel, noise, levels[0]):
            candidates.append(_Candidate(name, coarse.get(), -np.inf, "", 0, 0.0))
            _continue(candidates[-1], coarse, FIRST_EVALUATIONS)
        leading = max(candidate.log_posterior for candidate in candidates)
        for candidate in candidates:
            if candidate.status != "converged" and candidate.log_posterior > leading - CARRIED_ON_WITHIN:
                _continue(candidate, coarse, COARSE_EVALUATIONS)
        best = max(candidates, key=lambda candidate: candidate.log_posterior)
        evaluations, jitter = coarse.evaluations, coarse.jitter
    last = coarse
    for level in levels[1:]:
        with threads_for(len(level)):
            last = Objective(kernel, noise, level)
            _continue(best, last, FINAL_EVALUATIONS if level is observations else FINER_EVALUATIONS, tolerance=1e-6)
        evaluations += last.evaluations
        jitter = max(jitter, last.jitter)
    last.set(best.vector)
    evidence = last.log_evidence()
    starts = tuple(
        StartReport(c.name, c.status, c.log_posterior, len(levels[-1 if c is best else 0]), c.evaluations, c.seconds)
        for c in candidates
    )
    return FitReport(
        status=best.status,
        log_evidence=evidence,
        log_posterior=best.log_posterior,
        evaluations=evaluations,
        seconds=time.perf_counter() - began,
        jitter=jitter,
        best=best.name,
        starts=starts,
    )


def _continue(candidate: _Candidate, objective: Objective, evaluations: int, tolerance: float = 1e-8) -> None:
    before, began = objective.evaluations, time.perf_counter()
    objective.set(candidate.vector)
    outcome = climb(objective, evaluations, tolerance)
    candidate.vector = objective.get()
    candidate.log_posterior, candidate.status = outcome.log_posterior, outcome.status
    candidate.evaluations += objective.evaluations - before
    candidate.seconds += time.perf_counter() - began
