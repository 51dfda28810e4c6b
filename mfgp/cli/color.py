"""The study of ``mfgp compare --dataset color``: what a band gap tells of the color of a compound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mfgp import CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.datasets import BandGaps, load_band_gaps
from mfgp.validation import LabelValidation, cross_validate_labels
from mfgp.validation.labels import Method, Rows

MERGED = {
    "black": "dark",
    "brown": "dark",
    "gray": "dark",
    "red": "red",
    "orange": "yellow",
    "yellow": "yellow",
    "white": "white",
}
ORDER = ["white", "yellow", "red", "dark"]  # by the light that is absorbed, as gaps become smaller
LEAST_GAP = 0.1  # eV, added before the logarithm


@dataclass(frozen=True, eq=False)
class Ours:
    """One of the architectures: probabilities at held-out rows, with some gaps known there or not."""

    estimator: Any
    X: pd.DataFrame
    Y: pd.DataFrame
    labelled: Sequence[str]
    known: bool
    alone: bool = False

    def __call__(self, train: Rows, test: Rows) -> pd.DataFrame:
        """Learn from the labels of `train`, and, unless it is alone, from the rows without a label."""
        names = pd.Index(self.labelled)
        rows = names[train] if self.alone else self.X.index.difference(names[test], sort=False)
        model = clone(self.estimator).fit(self.X.loc[rows], self.Y.loc[rows])
        gaps = self.Y.columns.drop("color")
        given = self.Y.loc[names[test], gaps] if self.known else None
        return model.predict_proba(self.X.loc[names[test]], given=given)["color"]


@dataclass(frozen=True, eq=False)
class Theirs:
    """A classifier of scikit-learn."""

    estimator: Any
    X: pd.DataFrame
    color: pd.Series[Any]

    def __call__(self, train: Rows, test: Rows) -> pd.DataFrame:
        """Learn from the rows of `train`."""
        model = clone(self.estimator).fit(self.X.iloc[train], self.color.iloc[train].astype(str))
        return pd.DataFrame(model.predict_proba(self.X.iloc[test]), columns=model.classes_)


def colors(gaps: BandGaps, ordered: bool = False) -> pd.Series[Any]:
    """(493,) color in four classes, missing where it is not reported or blue or green."""
    merged = gaps.color.astype(object).map(MERGED)
    return merged.astype(pd.CategoricalDtype(ORDER, ordered=True)) if ordered else merged


def methods(gaps: BandGaps) -> dict[str, Method]:
    """Every method in every situation, as "situation: method"."""
    nominal, ordered = colors(gaps), colors(gaps, ordered=True)
    labelled = nominal.index[nominal.notna()].tolist()
    logarithm = gaps.Y.add(LEAST_GAP).transform(np.log)
    X, few = gaps.X, gaps.X.loc[labelled]
    measured, computed = logarithm[["gap_expt"]], logarithm[["gap_mp"]]
    sharing = {
        "MultiTaskGP": MultiTaskGP(),
        "DifferenceGP": DifferenceGP(),
        "LatentVariableGP": LatentVariableGP(),
        "CascadeGP": CascadeGP(),
    }
    found: dict[str, Method] = {}
    for suffix, color in (("", nominal), (", ordered", ordered)):
        alone = color.to_frame("color")
        found[f"labels alone: IndependentGP{suffix}"] = Ours(IndependentGP(), X, alone, labelled, False, alone=True)
        for name in ("MultiTaskGP", "CascadeGP") if suffix else sharing:
            Y = measured.assign(color=color)
            found[f"measured gap known: {name}{suffix}"] = Ours(sharing[name], X, Y, labelled, True, alone=True)
    found["labels alone: MultiTaskGP"] = Ours(MultiTaskGP(), X, nominal.to_frame("color"), labelled, False, alone=True)
    for name, estimator in sharing.items():
        Y = computed.assign(color=nominal)
        found[f"computed gap known: {name}"] = Ours(estimator, X, Y, labelled, True, alone=True)
    for name in ("MultiTaskGP", "DifferenceGP"):
        Y = measured.assign(color=nominal)
        found[f"gaps of other compounds: {name}"] = Ours(sharing[name], X, Y, labelled, False)
    classifiers = {
        "GP classifier": make_pipeline(
            StandardScaler(), GaussianProcessClassifier(ConstantKernel() * RBF(), random_state=0)
        ),
        "random forest": RandomForestClassifier(300, random_state=0),
    }
    true = nominal.loc[labelled]
    filled = computed.fillna(computed.median()).loc[labelled]
    for name, classifier in classifiers.items():
        found[f"labels alone: {name}"] = Theirs(classifier, few, true)
        found[f"measured gap known: {name}"] = Theirs(classifier, few.join(measured), true)
        found[f"measured gap known: {name}, gap only"] = Theirs(classifier, measured.loc[labelled], true)
        found[f"computed gap known: {name}"] = Theirs(classifier, few.join(filled), true)
    return found


def color_study(
    repeats: int = 5, *, random_state: int = 0, n_jobs: int | None = None, only: str = ""
) -> LabelValidation:
    """Cross-validate every method whose name begins with `only`.

    A method's name is its situation, a colon, and what predicts.
    """
    gaps = load_band_gaps()
    chosen = {name: method for name, method in methods(gaps).items() if name.startswith(only)}
    truth = colors(gaps).dropna()
    return cross_validate_labels(chosen, truth, repeats=repeats, random_state=random_state, n_jobs=n_jobs)
