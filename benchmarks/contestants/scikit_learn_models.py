"""scikit-learn's Gaussian process on the last task alone: what one has without any sharing."""

from __future__ import annotations

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from benchmarks.contestants import Array, Predict, Predicted, Train


def alone(train: Train) -> Predict:
    """Matern-5/2 with a lengthscale for each input, noise where the values have it, five starts."""
    kernel = ConstantKernel() * Matern(np.ones(len(train.bounds)), nu=2.5)
    if train.noisy:
        kernel = kernel + WhiteKernel(0.01)
    model = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=4, random_state=0)
    model.fit(train.unit(train.x[-1]), train.y[-1])

    def predict(x: Array) -> Predicted:
        mean, std = model.predict(train.unit(x), return_std=True)
        noise = 0.0
        if train.noisy:
            noise = float(model._y_train_std * np.sqrt(model.kernel_.k2.noise_level))
        return Predicted(mean, np.sqrt((std**2 - noise**2).clip(min=1e-12 * train.y[-1].var())), noise)

    return predict
