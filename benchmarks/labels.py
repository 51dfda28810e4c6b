"""Labels of breast cancer and wine against scikit-learn's Gaussian process classifier, by 5 stratified folds.

    python -m benchmarks.labels

Prints the log loss and the seconds of all fits and predictions. Both classifiers are asked in turn on each fold.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mfgp import IndependentGP, MultiTaskGP


def main() -> None:
    """Print both data sets."""
    for name, load in (("breast cancer", load_breast_cancer), ("wine", load_wine)):
        X, y = load(return_X_y=True)
        labels = np.array(["a", "b", "c"])[y]
        theirs = make_pipeline(StandardScaler(), GaussianProcessClassifier(ConstantKernel() * RBF(), random_state=0))
        models = {"IndependentGP": IndependentGP(), "MultiTaskGP": MultiTaskGP(), "scikit-learn": theirs}
        lines = []
        for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, labels):
            for model_name, model in models.items():
                began = time.perf_counter()
                found = model.fit(X[train], labels[train]).predict_proba(X[test])
                seconds = time.perf_counter() - began
                lines.append({"model": model_name, "log loss": log_loss(labels[test], found), "seconds": seconds})
        print(name)
        print(pd.DataFrame(lines).groupby("model", sort=False).agg({"log loss": "mean", "seconds": "sum"}).round(3))


if __name__ == "__main__":
    main()
