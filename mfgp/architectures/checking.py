"""What the findings about a fit need to know of a fitted estimator."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
import torch

from mfgp.cascade import CascadeModel
from mfgp.diagnostics import Check, Fitted, NewRows, Part, examine
from mfgp.errors import DataTypeError
from mfgp.inference.report import FitReport
from mfgp.model import TaskGP


class Checking:
    """The part of an estimator that says what a careful statistician would say of its fit."""

    def check(self, X_new: Any = None) -> Check:
        """What a careful statistician would say of this fit: findings, each passed, a tip, an issue or not applicable.

        They are about the optimisation, hyperparameters, tasks, values left out in turn and inputs. Where a finding is
        a test, it says more than "passed" of one correct fit in a hundred.

        Parameters
        ----------
        X_new
            (m, d) rows that are to be predicted, which are looked at too; None for none.

        Raises
        ------
        NotFittedError
            Before ``fit``.

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from mfgp import IndependentGP
        >>> X = pd.DataFrame({"x": np.linspace(0, 1, 20), "same": 1.0})
        >>> check = IndependentGP().fit(X, np.sin(6 * X.x)).check(pd.DataFrame({"x": [3.0], "same": 1.0}))
        >>> check["inputs"].found
        "1 of 2 inputs is constant: 'same'."
        >>> check["new rows"].status
        'issue'
        """
        return examine(fitted_of(self, X_new))


def fitted_of(estimator: Any, X_new: Any = None) -> Fitted:
    """A fitted estimator as the findings see it, and rows that it is to predict.

    Raises
    ------
    DataTypeError
        It is no estimator of this package's.
    NotFittedError
        Before ``fit``.
    """
    if not isinstance(estimator, Checking):
        raise DataTypeError(
            f"a {type(estimator).__name__} was given, expected a fitted estimator such as DifferenceGP().fit(X, Y)"
        )
    fitted: Any = estimator
    fitted._check_fitted("findings")
    fitted._check_data("findings")
    model, tasks = fitted.model_, fitted._tasks
    new = None
    if X_new is not None:
        x, index = fitted._read(X_new)
        new = NewRows(standardized(model, fitted._tensor(x)).cpu().numpy(), index)
    units = model.outcome_transform
    return Fitted(
        subject=type(estimator).__name__,
        parts=parts(model, fitted._rows, list(fitted._named_kernels()), fitted.fit_report_),
        tasks=tasks,
        inputs=fitted._inputs,
        index=fitted._index,
        means=units.means.cpu().numpy(),
        stdvs=units.stdvs.cpu().numpy(),
        report=fitted.fit_report_,
        edges=edges(model),
        new=new,
    )


@singledispatch
def parts(model: TaskGP | CascadeModel, rows: np.ndarray, processes: Sequence[Any], report: FitReport) -> list[Part]:
    """The Gaussian processes that a model is made of.

    Parameters
    ----------
    model
        Of an estimator.
    rows
        (N,) row of the table of each training observation.
    processes
        Names of its kernels over the inputs.
    report
        How the fit went.
    """
    assert isinstance(model, TaskGP)
    exact = model.exact_posterior
    places = rows[exact.observations.row.cpu().numpy()]
    latents = tuple(range(model.num_tasks))
    return [Part(model.covar_module, model.likelihood, exact, latents, places, tuple(processes), report)]


@parts.register
def _(model: CascadeModel, rows: np.ndarray, processes: Sequence[Any], report: FitReport) -> list[Part]:
    names, found = iter(processes), []
    for latent, each in sorted(model.cascade.conditionals.items()):
        own = tuple(next(names) for _ in each.kernel.input_kernels)
        places = each.posterior.observations.row.cpu().numpy()
        found.append(
            Part(each.kernel, each.noise, each.posterior, (latent,), places, own, model.reports.get(latent, report))
        )
    return found


@singledispatch
def edges(model: Any) -> list[tuple[int, int]]:
    """Pairs of a latent and one of its sources, of a model of several processes."""
    return []


@edges.register
def _(model: CascadeModel) -> list[tuple[int, int]]:
    return [(latent, source) for latent, several in model.sources.items() for source in several]


def standardized(model: Any, x: torch.Tensor) -> torch.Tensor:
    """Inputs (n, d) as the model's processes see them."""
    return model._inputs(x) if isinstance(model, CascadeModel) else model._standardized_inputs(x)
