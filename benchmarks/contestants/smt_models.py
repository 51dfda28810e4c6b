"""SMT's multi-fidelity kriging (Le Gratiet's recursive form), at its defaults."""

from __future__ import annotations

import numpy as np
from smt.applications import MFK

from benchmarks.contestants import Array, Predict, Predicted, Train


def mfk(train: Train) -> Predict:
    """MFK; eval_noise where the values have noise. It scales inputs and values itself."""
    model = MFK(eval_noise=train.noisy, print_global=False)
    for task, (x, y) in enumerate(zip(train.x[:-1], train.y[:-1], strict=True)):
        model.set_training_values(x, y, name=task)
    model.set_training_values(train.x[-1], train.y[-1])
    model.train()

    def predict(x: Array) -> Predicted:
        mean, variance = model.predict_values(x), model.predict_variances(x)
        scale = float(np.ravel(model.y_std)[0])
        noise = scale * float(np.mean(model.optimal_noise_all[-1])) ** 0.5
        return Predicted(mean[:, 0], np.sqrt(variance[:, 0].clip(min=1e-12 * scale**2)), noise)

    return predict
