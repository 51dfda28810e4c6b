"""Maximum a posteriori hyperparameters: several starts, coarse to fine, the best one wins."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from mfgp.data.observations import Observations
from mfgp.inference.noise import TaskNoise
from mfgp.inference.objective import IMPOSSIBLE, Objective
from mfgp.inference.optimizer import climb
from mfgp.inference.report import FitReport, StartReport
from mfgp.inference.starts import starting_points
from mfgp.inference.subsets import stratified_subset
from mfgp.inference.threads import one_thread
from mfgp.kernels import TaskKernel

COARSE_ROWS = 200
FINER_ROWS = (600,)
FIRST_EVALUATIONS = 30
COARSE_EVALUATIONS = 200
FINER_EVALUATIONS = 40
MANY_ROWS, MANY_ROWS_EVALUATIONS = 2000, 15
ROUGH, FINE = 1e-5, 1e-8
CARRIED_ON, CARRIED_ON_WITHIN = 2, 10.0
SAME_MAXIMUM = 0.05


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

    All starts climb a little on a stratified subset. The best two that are neither far behind nor on another's heels
    climb on there, and the best of them is finished on larger subsets and on all the observations.

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
    with one_thread():
        last = Objective(kernel, noise, levels[0])
        candidates = []
        for name in starting_points(kernel, noise, levels[0]):
            candidates.append(_Candidate(name, last.get(), -np.inf, "", 0, 0.0))
            _continue(candidates[-1], last, FIRST_EVALUATIONS, ROUGH)
        for candidate in _worth_a_climb(candidates):
            _continue(candidate, last, COARSE_EVALUATIONS, ROUGH)
        best = max(candidates, key=lambda candidate: candidate.log_posterior)
        _continue(best, last, COARSE_EVALUATIONS, FINE)
        evaluations, jitter = last.evaluations, last.jitter
        for level in levels[1:]:
            last = Objective(kernel, noise, level)
            limit = FINER_EVALUATIONS if len(level) <= MANY_ROWS else MANY_ROWS_EVALUATIONS
            _continue(best, last, limit, FINE)
            evaluations += last.evaluations
            jitter = max(jitter, last.jitter)
        last.set(best.vector)
        evidence = last.log_evidence()
    sizes = len(levels[0]), len(levels[-1])
    return _report(best, candidates, evidence, evaluations, jitter, sizes, began)


def refit(kernel: TaskKernel, noise: TaskNoise, observations: Observations) -> FitReport:
    """Climb to a maximum of the posterior density from the current parameters alone, on all the observations.

    For parameters that were fitted to nearly the same observations, as when a few have been added. Another maximum that
    the new observations speak for is not looked for; :func:`fit` does, and is what happens where the current parameters
    are impossible.

    Parameters
    ----------
    kernel, noise, observations
        As in :func:`fit`.
    """
    began = time.perf_counter()
    with one_thread():
        objective = Objective(kernel, noise, observations)
        candidate = _Candidate("current", objective.get(), -np.inf, "", 0, 0.0)
        _continue(candidate, objective, FINER_EVALUATIONS, FINE)
        if candidate.log_posterior <= -IMPOSSIBLE:
            return fit(kernel, noise, observations)
        evidence = objective.log_evidence()
    sizes = len(observations), len(observations)
    return _report(candidate, [candidate], evidence, objective.evaluations, objective.jitter, sizes, began)


def _worth_a_climb(candidates: list[_Candidate]) -> list[_Candidate]:
    """The best candidates that may still win: not far behind the leader, and not close to one that is ahead."""
    ranked = sorted(candidates, key=lambda candidate: -candidate.log_posterior)
    chosen: list[_Candidate] = []
    for candidate in ranked:
        behind = candidate.log_posterior < ranked[0].log_posterior - CARRIED_ON_WITHIN
        if not behind and all(np.abs(candidate.vector - other.vector).max() > SAME_MAXIMUM for other in chosen):
            chosen.append(candidate)
    return [candidate for candidate in chosen[:CARRIED_ON] if candidate.status != "converged"]


def _report(
    best: _Candidate,
    candidates: list[_Candidate],
    evidence: float,
    evaluations: int,
    jitter: float,
    sizes: tuple[int, int],
    began: float,
) -> FitReport:
    """The report of a fit whose candidates ended on a subset, and the best one on all, of these sizes."""
    starts = tuple(
        StartReport(
            c.name, c.status, c.log_posterior, sizes[c is best], c.evaluations, c.seconds, tuple(c.vector.tolist())
        )
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


def _continue(candidate: _Candidate, objective: Objective, evaluations: int, tolerance: float) -> None:
    before, began = objective.evaluations, time.perf_counter()
    objective.set(candidate.vector)
    outcome = climb(objective, evaluations, tolerance)
    candidate.vector = objective.get()
    candidate.log_posterior, candidate.status = outcome.log_posterior, outcome.status
    candidate.evaluations += objective.evaluations - before
    candidate.seconds += time.perf_counter() - began
