"""What a fit did, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StartReport:
    """One start of the optimisation: where it came from and how far it got.

    `log_posterior` is the log evidence plus the log prior, on all the observations for a start that was carried to
    the end and on a subset of `observations` of them for one that was given up before.
    """

    name: str
    status: str
    log_posterior: float
    observations: int
    evaluations: int
    seconds: float


@dataclass(frozen=True)
class FitReport:
    """The outcome of a fit; ``pandas.DataFrame(report.starts)`` is a table of the starts.

    Parameters
    ----------
    status
        "converged", or why the optimisation of the best start ended before.
    log_evidence, log_posterior
        At the parameters chosen, on all the observations, for standardised values.
    evaluations
        Of the evidence and its gradient, on whatever number of observations, over all starts.
    seconds
        Wall time.
    jitter
        The largest jitter, relative to the mean prior variance, that a factorisation took; 0 where none was needed.
    best
        The name of the start that won.
    starts
        Every start, in the order tried.
    """

    status: str
    log_evidence: float
    log_posterior: float
    evaluations: int
    seconds: float
    jitter: float
    best: str
    starts: tuple[StartReport, ...]

    def __str__(self) -> str:
        jitter = f", jitter {self.jitter:g} added" if self.jitter else ""
        return (
            f"{self.status}: log evidence {self.log_evidence:.2f} from start '{self.best}' "
            f"({self.evaluations} evaluations, {self.seconds:.2f} s{jitter})"
        )
