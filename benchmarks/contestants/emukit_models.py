"""Emukit's linear multi-fidelity model (Kennedy & O'Hagan 2000), over GPy, as in its tutorial."""

from __future__ import annotations

import logging

import GPy
import numpy as np
from emukit.model_wrappers.gpy_model_wrappers import GPyMultiOutputWrapper
from emukit.multi_fidelity.convert_lists_to_array import convert_xy_lists_to_arrays
from emukit.multi_fidelity.kernels import LinearMultiFidelityKernel
from emukit.multi_fidelity.models import GPyLinearMultiFidelityModel

from benchmarks.contestants import Array, Predict, Predicted, Train

RESTARTS = 5
logging.getLogger("GP").setLevel(logging.ERROR)
logging.getLogger("paramz").setLevel(logging.CRITICAL)


def linear(train: Train) -> Predict:
    """RBF kernels with a lengthscale for each input; five starts; noise fixed at 0 where the values have none."""
    values, mean, scale = train.standardized()
    tasks = len(values)
    X, Y = convert_xy_lists_to_arrays([train.unit(x) for x in train.x], [y[:, None] for y in values])
    kernel = LinearMultiFidelityKernel([GPy.kern.RBF(len(train.bounds), ARD=True) for _ in range(tasks)])
    model = GPyLinearMultiFidelityModel(X, Y, kernel, n_fidelities=tasks)
    if not train.noisy:
        for likelihood in model.likelihood.likelihoods_list:
            likelihood.variance.fix(0)
    np.random.seed(0)  # noqa: NPY002  (GPy draws its starts from numpy's global state)
    GPyMultiOutputWrapper(model, tasks, n_optimization_restarts=RESTARTS, verbose_optimization=False).optimize()

    def predict(x: Array) -> Predicted:
        rows = np.column_stack([train.unit(x), np.full(len(x), float(tasks - 1))])
        means, variances = model.predict_noiseless(rows)
        noise = float(model.likelihood.likelihoods_list[-1].variance.values[0])
        return Predicted(
            mean + scale * means[:, 0], scale * np.sqrt(variances[:, 0].clip(min=1e-12)), scale * noise**0.5
        )

    return predict
