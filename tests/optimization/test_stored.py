"""What is stored, and what has to be given again; every complaint says what came and what to write instead."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mfgp import Campaign, minimize
from mfgp.errors import ColumnError, DataError, DependencyError, ParameterError
from mfgp.optimization import Pool
from mfgp.optimization.storage import Storage
from tests.optimization.conftest import Build, pool
from tests.optimization.flat import Flat
from tests.optimization.test_complaints import Wrong


def test_another_definition(build: Build, tmp_path: Path) -> None:
    storage = tmp_path / "campaign.sqlite"
    build(storage=storage)
    with pytest.raises(
        ParameterError, match=r"holds a campaign 'campaign' with other 'budget', 'objective'; go on with"
    ):
        build(storage=storage, objective=minimize("high"), budget=3)
    with pytest.raises(
        ParameterError, match=r"with other 'space'; go on with it by Campaign.load\(storage, name='campai"
    ):
        build(storage=storage, space=pool() * 2)
    with pytest.raises(DataError, match="has no campaign 'other'; those it has: 'campaign'"):
        Campaign.load(storage, "other")
    with pytest.raises(DataError, match="has no campaign 'campaign'; those it has: none"):
        Campaign.load("sqlite://")


def test_what_cannot_be_stored_has_to_be_given_again(build: Build, tmp_path: Path) -> None:
    storage = tmp_path / "campaign.sqlite"
    costs = {"low": lambda row: 1 + row.x, "high": 10}
    build(storage=storage, costs=costs, acquisition=Wrong())
    with pytest.raises(
        ParameterError, match=r"Flat has what cannot be stored; give it again: Campaign.load\(storage, est"
    ):
        Campaign.load(storage)
    with pytest.raises(
        ParameterError, match=r"the cost of 'low' is the function '.*<lambda>', which cannot be stored;"
    ):
        Campaign.load(storage, estimator=Flat())
    with pytest.raises(
        ParameterError, match=r"the acquisition is of the class 'Wrong', which cannot be stored; give it"
    ):
        Campaign.load(storage, estimator=Flat(), costs=costs)
    assert Campaign.load(storage, estimator=Flat(), costs=costs, acquisition=Wrong()).history.empty


@pytest.mark.parametrize("tasks", [["high", "low"], ["low"], ["low", "mid", "high"]])
def test_costs_are_given_again_in_the_same_order(build: Build, tmp_path: Path, tasks: list[str]) -> None:
    storage = tmp_path / "campaign.sqlite"
    build(storage=storage, costs={"low": lambda row: 1 + row.x, "high": 8})
    with pytest.raises(
        ParameterError, match="but the campaign has the tasks 'low', 'high', low fidelity first; give the"
    ):
        Campaign.load(storage, estimator=Flat(), costs=dict.fromkeys(tasks, 1))
    assert Campaign.load(storage, estimator=Flat(), costs={"low": 2, "high": 8}).ask()["cost"].tolist() == [2.0]


@pytest.mark.parametrize("prefix", ["", "sqlite:///"])
def test_loading_makes_no_file(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(
        DataError, match=r"there is no file .*typo.sqlite to load a campaign from; give the path of one"
    ):
        Campaign.load(f"{prefix}{tmp_path}/typo.sqlite")
    assert not list(tmp_path.iterdir())


def test_a_record_of_a_later_version(build: Build, tmp_path: Path) -> None:
    storage = tmp_path / "campaign.sqlite"
    build(storage=storage)
    opened = Storage(storage, "campaign")
    with opened.engine.execution_options(mfgp_writes=True).begin() as connection:
        connection.exec_driver_sql("""UPDATE mfgp_campaigns SET definition = '{"version": 99}'""")
    with pytest.raises(
        DataError, match="was stored by a later version of mfgp .its record has version 99, and this one"
    ):
        Campaign.load(storage)


@pytest.mark.parametrize("library, message", [("sqlalchemy", "mfgp[optimization]"), ("pyarrow", "pip install pyarrow")])
def test_a_library_that_is_missing(build: Build, monkeypatch: pytest.MonkeyPatch, library: str, message: str) -> None:
    plain = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(f"No module named {library!r}")
        return plain(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    if library == "pyarrow":
        monkeypatch.setattr("pandas.DataFrame.to_parquet", lambda *_, **__: without("pyarrow"))
    with pytest.raises(DependencyError, match=re.escape(message)):
        build()


def test_files_of_candidates(tmp_path: Path) -> None:
    rows = pool().round(6).rename_axis("name")  # pandas 2 may miss the last bit of longer numbers in a CSV file
    rows.to_csv(tmp_path / "pool.csv")
    rows.to_parquet(tmp_path / "pool.parquet")
    read = Pool.read(tmp_path / "pool.csv", "name")
    pd.testing.assert_frame_equal(read.frame, Pool.read(tmp_path / "pool.parquet").frame)
    assert np.array_equal(read.frame.to_numpy(), rows.to_numpy())
    with pytest.raises(
        ColumnError, match=r"pool.csv has no column 'label' of labels; its columns are 'name', 'x', 'y'"
    ):
        Pool.read(tmp_path / "pool.csv", "label")
    (tmp_path / "long.csv").write_text("a,b\n0.9,0.1,0.2\n")
    with pytest.raises(DataError, match=r"long\.csv has 2 column names and 3 fields in the line below"):
        Pool.read(tmp_path / "long.csv")
    (tmp_path / "twice.csv").write_text("a,a\n0.9,0.1\n")
    with pytest.raises(ColumnError, match=r"twice\.csv has 'a' more than once"):
        Pool.read(tmp_path / "twice.csv")
