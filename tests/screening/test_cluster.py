"""The same answer from a real cluster of processes, a worker of which is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mfgp

distributed = pytest.importorskip("distributed")

WINDOW = "1.38 < high < 1.42"
OPTIONS: dict[str, Any] = {"where": WINDOW, "given": "low", "keep": "name", "top": 50, "precision": "double"}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def slowly(frames: Iterator[pd.DataFrame], client: Any, after: int) -> Iterator[pd.DataFrame]:
    """Frames one after the other; after some of them a worker is killed."""
    for number, frame in enumerate(frames):
        if number == after:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        yield frame


def test_a_cluster_gives_the_same_answer_though_a_worker_is_killed(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, client: Any, tmp_path: Path
) -> None:
    import dask.dataframe

    reference = mfgp.screen(model, pool, diverse=3, **OPTIONS)
    frames = (pool.iloc[start : start + 50] for start in range(0, len(pool), 50))
    through = mfgp.screen(model, slowly(frames, client, 20), client=client, diverse=3, **OPTIONS)
    pool.to_parquet(tmp_path / "pool.parquet", row_group_size=400)
    by_file = mfgp.screen(model, tmp_path / "pool.parquet", client=client, diverse=3, **OPTIONS)
    lying = dask.dataframe.from_pandas(pool, npartitions=6)
    killer = threading.Thread(target=_kill_soon, args=(client,))
    killer.start()
    by_partition = mfgp.screen(model, lying, client=client, diverse=3, **OPTIONS)
    killer.join()
    for found in (through, by_file, by_partition):
        pd.testing.assert_frame_equal(found.best, reference.best, check_exact=True)
        pd.testing.assert_frame_equal(found.diverse, reference.diverse, check_exact=True)
        assert found.histogram == reference.histogram


def _kill_soon(client: Any) -> None:
    time.sleep(0.2)
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
