"""What is missing for a screening is said with the line that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import mfgp
from mfgp.errors import DependencyError
from mfgp.screening.distributed import _dask


def test_pyarrow_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = mfgp.IndependentGP().fit(pd.DataFrame({"x": [0.0, 1.0]}), pd.Series([0.0, 1.0], name="y"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        DependencyError, match=r"checkpoints need the package pyarrow; write pip install mfgp\[screening\]"
    ):
        mfgp.screen(model, pd.DataFrame({"x": [0.5]}), rank_by="y", checkpoint=tmp_path / "c.parquet")


def test_dask_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(DependencyError, match=r"Dask is not installed; write pip install mfgp\[screening\]"):
        _dask("dask")
