"""The same numbers in another process, with other counts of threads, and from several threads at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed

import mfgp
from mfgp.architectures.regressor import Regressor
from tests.numerics.tables import KINDS, table

THREADS = 8
SCRIPT = """
import json
from tests.numerics.tables import KINDS, table
X, Y = table()
models = {kind.__name__: kind().fit(X, Y) for kind in KINDS}
print(json.dumps({name: [value.hex() for value in model.predict(X).to_numpy().flat] for name, model in models.items()}))
"""


@pytest.fixture(scope="module")
def models() -> dict[str, Regressor]:
    X, Y = table()
    return {kind.__name__: kind().fit(X, Y) for kind in KINDS}


def test_another_process_with_two_threads_and_another_hash_seed_gives_the_same_bits(
    models: dict[str, Regressor],
) -> None:
    settings = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    run = subprocess.run([sys.executable, "-c", SCRIPT], env=os.environ | settings, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    X, _ = table()
    here = {name: [value.hex() for value in model.predict(X).to_numpy().flat] for name, model in models.items()}
    assert json.loads(run.stdout) == here


@pytest.mark.parametrize("name", [kind.__name__ for kind in KINDS])
def test_one_model_predicts_from_several_threads_as_from_one(name: str, models: dict[str, Regressor]) -> None:
    model = models[name]
    _, Y = table()
    places = [pd.DataFrame({"x": np.linspace(0.0, 1.0, 9) + 0.01 * number}) for number in range(THREADS)]
    together = Barrier(THREADS)

    def answer(X: pd.DataFrame) -> list[np.ndarray]:
        p = model.predict_distribution(X, given=Y[["low"]])
        return [model.predict(X).to_numpy(), p.means, p.covariance, p.interval(0.9).to_numpy(), p.sample(4, seed=0)]

    def answer_together(X: pd.DataFrame) -> list[np.ndarray]:
        together.wait()
        return answer(X)

    serial = [answer(X) for X in places]
    with ThreadPoolExecutor(THREADS) as pool:
        threaded = list(pool.map(answer_together, places))
    for one, other in zip(serial, threaded, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_first_predictions_of_a_model_may_come_at_once(models: dict[str, Regressor]) -> None:
    X, Y = table()
    serial = models["MultiTaskGP"].predict(X)
    for _ in range(3):
        fresh = mfgp.MultiTaskGP().fit(X, Y)
        fresh.model_.train()  # which drops the posterior
        fresh.model_.eval()
        together = Barrier(THREADS)

        def first(_: int, model: Regressor = fresh, wait: Callable[[], int] = together.wait) -> pd.DataFrame:
            wait()
            return model.predict(X)

        with ThreadPoolExecutor(THREADS) as pool:
            for answer in pool.map(first, range(THREADS)):
                pd.testing.assert_frame_equal(answer, serial, check_exact=True)


def test_fits_in_processes_are_those_of_one_process_and_have_one_thread_each(models: dict[str, Regressor]) -> None:
    X, Y = table()
    jobs = [delayed(mfgp.DifferenceGP().fit)(X, Y), delayed(mfgp.MultiTaskGP().fit)(X, Y)]
    with Parallel(n_jobs=2) as workers:
        fitted = workers(jobs)
        threads = workers([delayed(torch.get_num_threads)()] * 2)
    for model in fitted:
        pd.testing.assert_frame_equal(model.predict(X), models[type(model).__name__].predict(X), check_exact=True)
    assert max(threads) <= max(1, (os.cpu_count() or 1) // 2)
