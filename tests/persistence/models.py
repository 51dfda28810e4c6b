"""One small fit of each kind of estimator, made once a process."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch

import mfgp
from mfgp.inference.report import SamplingReport


def inputs(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"radius": rng.uniform(1.0, 3.0, rows), "metal": rng.choice(["tin", "lead", "zinc"], rows)})


def outputs(X: pd.DataFrame) -> pd.DataFrame:
    low = np.sin(3.0 * X.radius) + (X.metal == "tin")
    Y = pd.DataFrame({"low": low, "high": 2.0 * low + X.radius}, index=X.index)
    Y.loc[Y.index[::3], "high"] = np.nan
    return Y


X, X_NEW = inputs(12, 0).set_axis([f"sample {i}" for i in range(12)]), inputs(3, 1)
Y = outputs(X)
NOISE = pd.DataFrame({"low": 0.05, "high": np.where(np.arange(12) % 2, 0.1, np.nan)}, index=X.index)


def of_draws(model: Any) -> Any:
    """The estimator as if it averaged over draws of the hyperparameters, without the cost of drawing."""
    members = [deepcopy(model.model_) for _ in range(3)]
    for place, member in enumerate(members):
        with torch.no_grad():
            for parameter in member.parameters():
                parameter.add_(0.1 * (place - 1))
    averaged = copy(model)
    averaged.predictive_model_ = mfgp.TaskGPEnsemble(model.model_, members)
    sampling = SamplingReport(4, 150, 1.01, 200.0, 0, 0.1, 9999, 1.0, gain=0.25)
    averaged.fit_report_ = replace(model.fit_report_, sampling=sampling)
    return averaged


@cache
def fitted(kind: str) -> Any:
    match kind:
        case "multi-task":  # levels, known noise, names that are no text
            names: Any = [("gap", 1), 2.5]
            return mfgp.MultiTaskGP(rank=1).fit(
                X, Y.set_axis(names, axis="columns"), noise=NOISE.set_axis(names, axis="columns")
            )
        case "difference":  # a label, a graph
            labelled = Y.assign(colour=pd.Categorical(np.where(X.radius > 2.0, "red", "blue")))
            sources = {"high": ["low"], "colour": ["high"]}
            return mfgp.DifferenceGP(sources=sources, concentration=0.1).fit(X[["radius"]], labelled)
        case "latent variable":  # arrays
            return mfgp.LatentVariableGP(kernel="matern32", dimension=1).fit(X[["radius"]].to_numpy(), Y.to_numpy())
        case "cascade":  # levels that a task before places
            return mfgp.CascadeGP(kernel="rbf").fit(X, Y)
        case "cascade of numbers":
            return mfgp.CascadeGP().fit(X[["radius"]], Y, noise=NOISE)
        case "independent":  # a series of labels alone
            return mfgp.IndependentGP(concentration=0.1).fit(X, pd.Series(X.radius > 2.0, name="large"))
        case "auto":
            return mfgp.AutoGP({"difference": mfgp.DifferenceGP()}, errors=0.0).fit(X[["radius"]], Y)
        case "draws":
            return of_draws(mfgp.MultiTaskGP(warm_start=True).fit(X, Y))
        case "grown":
            return fitted("multi-task").condition_on(X_NEW, outputs(X_NEW).set_axis([("gap", 1), 2.5], axis="columns"))
        case "grown draws":
            return fitted("draws").condition_on(X_NEW, outputs(X_NEW))
    raise ValueError(kind)


KINDS = [
    "multi-task",
    "difference",
    "latent variable",
    "cascade",
    "cascade of numbers",
    "independent",
    "auto",
    "draws",
    "grown",
    "grown draws",
]


def new_rows(model: Any) -> Any:
    """Rows that the model can predict, in the form that it was fitted on."""
    found = X_NEW[[column for column in X_NEW.columns if column in getattr(model, "feature_names_in_", ["radius"])]]
    return found if hasattr(model, "feature_names_in_") else found.to_numpy()


def predictions(model: Any) -> dict[str, np.ndarray]:
    """Everything that a model predicts, as arrays."""
    rows = new_rows(model)
    ways: dict[str, dict[str, Any]] = {"latent": {}, "observed": {"observed": True}}
    if isinstance(model, mfgp.CascadeGP) and model._inputs.levels:
        del ways["observed"]  # a cascade of numbers has them all
    elif not model._tasks.labels:
        known = np.full((len(rows), len(model.tasks_)), np.nan)
        known[::2, 0] = 0.5
        ways["given"] = {"given": known if model._tasks.form == "matrix" else frame_of(known, model.tasks_)}
    found = {}
    for way, options in ways.items():
        prediction = model.predict_distribution(rows, **options)
        table = prediction.to_frame()
        found |= {f"{way} {column}": np.array(table[column].tolist()) for column in table.columns}
        found[f"{way} draws"] = prediction.sample(4, seed=0)
    return found


@cache
def predicted(kind: str) -> dict[str, np.ndarray]:
    """What a fitted model predicts."""
    return predictions(fitted(kind))


def frame_of(values: np.ndarray, names: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(values, columns=pd.Index(names, tupleize_cols=False))


def same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    """Whether arrays are the same, bit for bit."""
    return found.keys() == expected.keys() and all(
        found[name].dtype == expected[name].dtype and found[name].tobytes() == expected[name].tobytes()
        for name in expected
    )
