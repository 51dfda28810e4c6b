"""Independent: the baseline that every architecture has to beat."""

from __future__ import annotations

from collections.abc import Hashable

from mfgp.architectures.estimator import TaskRegressor
from mfgp.data.tasks import Tasks
from mfgp.kernels import AutoregressiveKernel, input_kernel


class IndependentGP(TaskRegressor):
    """Each task by itself, with its own lengthscales, amplitude and noise; nothing is shared.

    Parameters
    ----------
    kernel
        k(x, x') on the inputs: "matern52", "matern32", "matern12", "rbf" or a GPyTorch kernel.
    device
        Where tensors live, for example "cuda"; None for the CPU.
    warm_start
        True to begin each fit after the first where the one before ended.
    unseen
        What is done with levels of a categorical input that the fit did not have: "prior" predicts them with the
        uncertainty of the prior, "error" refuses them.
    concentration
        How little a label tells of the probabilities at its place, a positive number; None to choose it for each label
        by leaving labels out in turn.
    hyperparameters
        "map" to predict with the most probable ones, "posterior" to average over draws from their posterior, "auto" to
        average where values are few; see :class:`TaskRegressor <mfgp.architectures.estimator.TaskRegressor>`.
    random_state
        Seed of the draws.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
    >>> model = IndependentGP().fit(X, np.sin(6 * X.x))
    >>> model.predict(pd.DataFrame({"x": [0.25]})).round(2).tolist()
    [1.0]
    """

    def _build_kernel(self, num_inputs: int, tasks: Tasks) -> AutoregressiveKernel:
        return AutoregressiveKernel([input_kernel(self.kernel, num_inputs) for _ in tasks.latents], sources={})

    def _process_names(self) -> list[Hashable]:
        return list(self._tasks.latents)
