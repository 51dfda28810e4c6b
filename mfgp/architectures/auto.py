"""Auto: the architecture that predicts left-out values best, or none."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Literal, get_args

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from scipy.stats import norm
from sklearn.base import clone

from mfgp.architectures.difference import DifferenceGP
from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.hyperparameters import Hyperparameters, check_choice
from mfgp.architectures.independent import IndependentGP
from mfgp.architectures.latent_variable import LatentVariableGP
from mfgp.architectures.multi_task import MultiTaskGP
from mfgp.data.inputs import Inputs
from mfgp.data.levels import Unseen
from mfgp.data.observations import Observations
from mfgp.data.table import listed
from mfgp.data.tasks import Tasks
from mfgp.errors import ParameterError
from mfgp.inference import FitReport, left_out
from mfgp.kernels import TaskKernel
from mfgp.model import TaskGP

LeftOutBy = Literal["row", "value", "both"]

BASELINE = "IndependentGP"


class AutoGP(TaskRegressor):
    """The architecture whose log density of left-out values is best, if it is clearly better than sharing nothing.

    Each candidate is fitted, and its values are left out in turn in closed form. Hyperparameters have seen the values
    that are left out, and candidates that share have more of them, so a bare comparison would favour sharing (Cawley &
    Talbot 2010, JMLR 11, 2079). So each hyperparameter more than :class:`IndependentGP` has costs one nat of a task's
    total log density (as in Akaike 1974, IEEE Trans. Autom. Control 19, 716). A candidate is taken only if what is left
    of its gain is more than `errors` standard errors of the difference from value to value (as in Breiman et al. 1984,
    Classification and Regression Trees, section 3.4.3). :func:`mfgp.compare` fits anew in each fold, and is what to
    trust where there is time for it.

    Parameters
    ----------
    candidates
        Architectures that share, by name; None for DifferenceGP, MultiTaskGP and LatentVariableGP. The baseline is
        always among those considered. A :class:`CascadeGP` leaves out no values in closed form and cannot be one.
    tasks
        The tasks whose values count, each task as much as the others; None for all.
    by
        What is left out together: "row" for all tasks of a row, where nothing will be known of what is predicted;
        "value" for each value by itself, where the other tasks will; "both" for the mean of the two log densities.
    errors
        Standard errors that sharing has to be ahead by.
    kernel
        k(x, x') of the baseline, and of the candidates if none are given.
    device
        Where tensors live, for example "cuda"; None for the CPU.
    unseen
        What is done with levels of a categorical input that the fit did not have: "prior" or "error".
    concentration
        How little a label tells of the probabilities at its place; None to choose it for each label.
    hyperparameters
        Of what was chosen: "map", "posterior" or "auto", as for every architecture; candidates are judged at their most
        probable ones.
    random_state
        Seed of the draws.

    Attributes
    ----------
    selection_
        Frame, one line an architecture considered: mean `log_density` of a left-out value, in the tasks' standardised
        units; `hyperparameters`, how many; `gain`, what the log density is above the baseline's, less what more
        hyperparameters cost, with its standard error `se`; whether it was `chosen`, and the `reason`.

    Examples
    --------
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 24)})
    >>> noise = np.random.default_rng(0).normal(size=24)
    >>> Y = pd.DataFrame({"cheap": np.sin(9 * X.x) + 0.01 * noise, "dear": 2 * np.sin(9 * X.x) + X.x})
    >>> Y.loc[Y.index % 3 > 0, "dear"] = np.nan
    >>> model = AutoGP(tasks=["dear"]).fit(X, Y)
    >>> bool(model.selection_.loc["IndependentGP", "chosen"])
    False
    """

    def __init__(
        self,
        candidates: Mapping[str, TaskRegressor] | None = None,
        tasks: Sequence[Hashable] | None = None,
        by: LeftOutBy = "both",
        errors: float = 1.0,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        unseen: Unseen = "prior",
        concentration: float | None = None,
        hyperparameters: Hyperparameters = "map",
        random_state: int = 0,
    ) -> None:
        super().__init__(kernel, device, False, unseen, concentration, hyperparameters, random_state)
        self.candidates = candidates
        self.tasks = tasks
        self.by = by
        self.errors = errors

    def _build_kernel(self, num_inputs: int, tasks: Tasks) -> TaskKernel:
        return self._chosen._build_kernel(num_inputs, tasks)

    def _process_names(self) -> list[Hashable]:
        return self.chosen_._process_names()

    @property
    def chosen_(self) -> TaskRegressor:
        """The architecture chosen, fitted: with what it has of its own, such as ``rho_``."""
        self._check_fitted("chosen_")
        fitted = clone(self._chosen)
        parameters = {*self.get_params(deep=False), *fitted.get_params(deep=False)}
        vars(fitted).update({name: value for name, value in vars(self).items() if name not in parameters})
        return fitted

    def _fit_model(self, data: Observations, inputs: Inputs, tasks: Tasks) -> tuple[TaskGP, FitReport]:
        check_choice(self.hyperparameters, self.random_state)
        counted = self._counted(tasks)
        baseline = IndependentGP(self.kernel)
        considered: dict[str, TaskRegressor] = {BASELINE: baseline}
        if len(tasks.names) > 1:
            considered = {**self._sharing(), **considered}
        fitted = {name: clone(estimator)._fit_model(data, inputs, tasks) for name, estimator in considered.items()}
        densities = {name: self._left_out(model, data, tasks) for name, (model, _) in fitted.items()}
        sizes = {name: sum(p.numel() for p in model.parameters()) for name, (model, _) in fitted.items()}
        of_observation = tasks.of_latents[fitted[BASELINE][0].exact_posterior.observations.task.cpu().numpy()]
        parts = [np.flatnonzero(of_observation == task) for task in counted]
        self.selection_ = select(densities, sizes, parts, self.errors)
        name = self.selection_.index[self.selection_["chosen"]][0]
        self._chosen = considered[name]
        return fitted[name]

    def _sharing(self) -> Mapping[str, TaskRegressor]:
        if self.candidates is None:
            several = (kind(kernel=self.kernel) for kind in (DifferenceGP, MultiTaskGP, LatentVariableGP))
            return {type(estimator).__name__: estimator for estimator in several}
        if not isinstance(self.candidates, Mapping) or not all(
            isinstance(estimator, TaskRegressor) and not isinstance(estimator, AutoGP)
            for estimator in self.candidates.values()
        ):
            raise ParameterError(
                f"candidates={self.candidates!r}, expected a mapping of names to architectures with one TaskGP, such "
                "as {'difference': DifferenceGP()}"
            )
        if BASELINE in self.candidates:
            raise ParameterError(f"candidates has {BASELINE!r}, the name of the baseline; leave it out, it always runs")
        return self.candidates

    def _counted(self, tasks: Tasks) -> list[int]:
        if not isinstance(self.errors, Real) or not self.errors >= 0.0:
            raise ParameterError(
                f"errors={self.errors!r}, expected a number of standard errors, such as 2.0, zero or more"
            )
        if self.by not in get_args(LeftOutBy):
            raise ParameterError(f"by={self.by!r}, expected 'row', 'value' or 'both'")
        if self.tasks is None:
            return list(range(len(tasks.names)))
        names = [] if isinstance(self.tasks, str) else list(self.tasks)
        if not names or any(name not in tasks.names for name in names):
            raise ParameterError(
                f"tasks={self.tasks!r}, expected a list with some of {listed(tasks.names)}, or None for all"
            )
        return [tasks.names.index(name) for name in names]

    def _left_out(self, model: TaskGP, data: Observations, tasks: Tasks) -> np.ndarray:
        """(N,) log density of each observation in its standardised unit, the mean over the ways to leave it out."""
        exact = model.exact_posterior
        row = data.row[exact.observations.row]
        value = row * len(tasks.names) + torch.from_numpy(tasks.of_latents).to(row)[exact.observations.task]
        ways = {"row": [row], "value": [value], "both": [row, value]}[self.by]
        y = exact.observations.y.cpu().numpy()
        found = [left_out(exact, group) for group in ways]
        return np.mean([norm.logpdf(y, f.mean.cpu(), f.variance.sqrt().cpu()) for f in found], axis=0)


def select(
    densities: Mapping[str, np.ndarray], sizes: Mapping[str, int], parts: Sequence[np.ndarray], errors: float
) -> pd.DataFrame:
    """Which architecture to take: :attr:`AutoGP.selection_`.

    Parameters
    ----------
    densities
        (N,) log density of each value that was left out, by architecture, the baseline among them.
    sizes
        How many hyperparameters each has.
    parts
        Places of the values of each task that counts.
    errors
        Standard errors that sharing has to be ahead by.

    Examples
    --------
    >>> plain = np.array([-1.0, -1.2, -0.8, -1.0])
    >>> densities = {"clear": plain + 0.9, "chance": plain + [3, -3, 3, -2], BASELINE: plain}
    >>> sizes = {"clear": 8, "chance": 6, BASELINE: 6}
    >>> select(densities, sizes, [np.arange(4)], 1.0)[["gain", "chosen"]].round(2).to_dict("list")
    {'gain': [0.4, 0.25, 0.0], 'chosen': [True, False, False]}
    """
    lines = {}
    for name, density in densities.items():
        ahead = [(density - densities[BASELINE])[part] for part in parts]
        price = np.mean([max(sizes[name] - sizes[BASELINE], 0) / len(part) for part in parts])
        error = np.sqrt(sum(gain.var(ddof=1) / len(gain) if len(gain) > 1 else np.inf for gain in ahead)) / len(parts)
        lines[name] = {
            "log_density": np.mean([density[part].mean() for part in parts]),
            "hyperparameters": sizes[name],
            "gain": np.mean([gain.mean() for gain in ahead]) - price,
            "se": 0.0 if name == BASELINE else error,
        }
    found = pd.DataFrame.from_dict(lines, orient="index").rename_axis("architecture")
    clear = found["gain"] > errors * found["se"]
    chosen = found.loc[clear, "log_density"].idxmax() if clear.any() else BASELINE
    reasons = [_reason(name, chosen, bool(clear[name]), errors) for name in densities]
    return found.assign(chosen=found.index == chosen, reason=reasons)


def _reason(name: str, chosen: Hashable, clear: bool, errors: float) -> str:
    if name == BASELINE:
        return "no sharing is clearly better" if name == chosen else "the baseline; sharing is clearly better"
    if name == chosen:
        return "best of those clearly better than no sharing"
    if clear:
        return f"clearly better than no sharing, but {chosen} is better still"
    return f"its gain is no more than its standard error times {errors:g}"
