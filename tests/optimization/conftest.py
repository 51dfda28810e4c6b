from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp import Campaign
from tests.optimization.flat import Flat

Build = Callable[..., Campaign]
COSTS = {"low": 1, "high": 10}


def pool(size: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"x": rng.random(size), "y": rng.random(size)}, index=[f"c{i}" for i in range(size)])


def unshared() -> pd.DataFrame:
    """A table without a row that has both tasks: the first ten and the last ten."""
    row = np.arange(30)
    return pool().assign(low=np.where(row < 10, 1.0, np.nan), high=np.where(row >= 20, 2.0, np.nan))


def value(row: Any) -> float:
    """What is measured at a line of what was asked for."""
    return float(np.sin(5 * row.x) + row.y + (0.3 * row.x if row.task == "high" else 0.0))


def measured(asked: pd.DataFrame) -> pd.DataFrame:
    return asked.assign(value=[value(row) for row in asked.itertuples()])


@pytest.fixture
def build() -> Build:
    """A campaign in memory, of random measurements of a pool."""

    def new(**options: Any) -> Campaign:
        defaults: dict[str, Any] = {
            "estimator": Flat(),
            "space": pool(),
            "objective": mfgp.maximize("high"),
            "costs": COSTS,
            "storage": "sqlite://",
            "acquisition": "random",
        }
        if set(options.get("costs", COSTS)) == set(COSTS):
            defaults["initial"] = {"low": 4, "high": 2}
        return Campaign(**defaults | options)

    return new


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of its own, which ends with the tests."""
    folders = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    programs = next((folder for folder in folders if (folder / "pg_ctl").exists()), None)
    if programs is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    root = os.geteuid() == 0
    home = Path(tempfile.mkdtemp(prefix="mfgp-postgresql-"))
    if root:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres to run it")
        os.chown(home, owner.pw_uid, owner.pw_gid)

    def call(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        if root:
            command = ["runuser", "-u", "postgres", "--", *command]
        run = subprocess.run(command, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        assert run.returncode == 0, f"{program} failed with {run.returncode}"

    data = str(home / "data")
    call("initdb", "--pgdata", data, "--auth", "trust", "--username", "postgres", "--no-sync")
    # no TCP: the socket in its own folder is the only way in, so no port can be taken
    options = f"-c listen_addresses='' -c unix_socket_directories={home} -c log_destination=stderr"
    call("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(home / "log"), "--options", options)
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={home}"
    finally:
        call("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate")
        shutil.rmtree(home, ignore_errors=True)
