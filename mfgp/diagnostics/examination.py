"""Every finding, in the order in which they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mfgp.diagnostics.check import Check
from mfgp.diagnostics.finding import Finding
from mfgp.diagnostics.fitted import Fitted
from mfgp.diagnostics.optimisation import convergence, explanations, numerics, sampling
from mfgp.diagnostics.parameters import bounds, priors
from mfgp.diagnostics.relations import relations, shared_rows, values
from mfgp.diagnostics.residuals import calibration, outliers, skill
from mfgp.diagnostics.rows import constant_inputs, duplicates, new_rows

FINDINGS: Sequence[Callable[[Fitted], Finding]] = (
    convergence,
    numerics,
    sampling,
    explanations,
    bounds,
    priors,
    values,
    relations,
    shared_rows,
    outliers,
    calibration,
    skill,
    constant_inputs,
    duplicates,
    new_rows,
)


def examine(fitted: Fitted) -> Check:
    """All findings about a fit."""
    return Check(fitted.subject, tuple(find(fitted) for find in FINDINGS))
