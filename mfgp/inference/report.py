"""What a fit did, as a value."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class StartReport:
    """One start of the optimisation: where it came from and how far it got.

    `log_posterior` is the log evidence plus the log prior, on all the observations for a start that was carried to
    the end and on a subset of `observations` of them for one that was given up before. `parameters` are the free
    parameters there, as :class:`~mfgp.inference.objective.Objective` has them.
    """

    name: str
    status: str
    log_posterior: float
    observations: int
    evaluations: int
    seconds: float
    parameters: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class SamplingReport:
    """How draws of the hyperparameters came about.

    Parameters
    ----------
    chains, draws
        Number of chains, and of draws of each.
    rhat
        Largest of the split R-hat of the log posterior, lengthscales, noise levels and task covariances: 1 where the
        chains agree, and above 1.1 a sign that some have not found what others have.
    effective_size
        Smallest number of independent draws that the draws are worth.
    divergences
        Trajectories that lost their way.
    step
        Size of a leapfrog step, in deviations.
    evaluations
        Of the evidence and its gradient.
    seconds
        Wall time.
    gain
        Of the average over the draws on the maximum: how much larger the mean log density of values left out is, NaN
        where that was not asked. Where it is negative, the maximum predicts.
    """

    chains: int
    draws: int
    rhat: float
    effective_size: float
    divergences: int
    step: float
    evaluations: int
    seconds: float
    gain: float = float("nan")

    def __str__(self) -> str:
        better = "better" if self.gain >= 0.0 else "worse"
        asked = f"; {abs(self.gain):.2g} nats {better} than the maximum on values left out"
        return (
            f"{self.chains} chains of {self.draws} draws: R-hat {self.rhat:.2f}, effective size "
            f"{self.effective_size:.0f}, {self.divergences} divergences ({self.evaluations} evaluations, "
            f"{self.seconds:.1f} s)" + ("" if math.isnan(self.gain) else asked)
        )


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
        Of the evidence and its gradient, on whatever number of observations, over all starts; without those of single
        tasks, which starts are computed from.
    seconds
        Wall time.
    jitter
        The largest jitter, relative to the mean prior variance, that a factorisation took; 0 where none was needed.
    best
        The name of the start that won.
    starts
        Every start, in the order tried.
    sampling
        How the hyperparameters were drawn from their posterior, None where they were not.
    """

    status: str
    log_evidence: float
    log_posterior: float
    evaluations: int
    seconds: float
    jitter: float
    best: str
    starts: tuple[StartReport, ...]
    sampling: SamplingReport | None = None

    def after(self, before: FitReport) -> FitReport:
        """The report of a fit that went on from another one: evaluations, seconds and starts are those of both."""
        return replace(
            self,
            evaluations=before.evaluations + self.evaluations,
            seconds=before.seconds + self.seconds,
            jitter=max(before.jitter, self.jitter),
            best=before.best,
            starts=before.starts + self.starts,
        )

    def __str__(self) -> str:
        drawn = f"; {self.sampling}" if self.sampling else ""
        jitter = f", jitter {self.jitter:g} added" if self.jitter else ""
        return (
            f"{self.status}: log evidence {self.log_evidence:.2f} from start '{self.best}' "
            f"({self.evaluations} evaluations, {self.seconds:.2f} s{jitter}){drawn}"
        )


def joined(reports: Mapping[Hashable, FitReport]) -> FitReport:
    """One report of several fits that make up a model, by their names.

    Evidences, evaluations and seconds are sums. The status is that of all of them, or else of the first that did not
    converge.

    Examples
    --------
    >>> start = StartReport("current", "converged", -1.0, 5, 3, 0.1)
    >>> report = FitReport("converged", -1.0, -2.0, 3, 0.1, 0.0, "current", (start,))
    >>> print(joined({"low": report, "high": report}))
    converged: log evidence -2.00 from start 'low: current; high: current' (6 evaluations, 0.20 s)
    """
    if len(reports) == 1:
        return next(iter(reports.values()))
    several = list(reports.values())
    stopped = [f"{name}: {report.status}" for name, report in reports.items() if report.status != "converged"]
    starts = [
        replace(start, name=f"{name}: {start.name}") for name, report in reports.items() for start in report.starts
    ]
    return FitReport(
        status=stopped[0] if stopped else "converged",
        log_evidence=sum(report.log_evidence for report in several),
        log_posterior=sum(report.log_posterior for report in several),
        evaluations=sum(report.evaluations for report in several),
        seconds=sum(report.seconds for report in several),
        jitter=max(report.jitter for report in several),
        best="; ".join(f"{name}: {report.best}" for name, report in reports.items()),
        starts=tuple(starts),
    )
