"""A run that was stopped goes on, does at most one chunk again, and ends as one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mfgp
from mfgp.errors import DataError, ParameterError

WINDOW = "1.38 < high < 1.42"
SCRIPT = """
import pickle, time
import mfgp

def show(progress):
    print(progress.rows, flush=True)
    time.sleep(0.1)

model, pool, options = pickle.load(open("run.pickle", "rb"))
mfgp.screen(model, pool, progress=show, **options)
"""


class Stop(Exception):
    pass


def stopping(after: int) -> Any:
    done: list[int] = []

    def progress(state: Any) -> None:
        done.append(state.rows)
        if len(done) == after:
            raise Stop

    return progress


def dirty(pool: pd.DataFrame) -> pd.DataFrame:
    frame = pool.copy()
    frame.loc[::50, "a"] = None
    return frame


def test_going_on_equals_going_through(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    frame = dirty(pool)
    options: dict[str, Any] = {"where": WINDOW, "given": "low", "keep": "name", "chunk_rows": 200, "diverse": 2}
    through = mfgp.screen(model, frame, bad_rows=tmp_path / "all.csv", **options)
    kept = options | {"checkpoint": tmp_path / "state", "bad_rows": tmp_path / "bad.csv"}
    for chunks in (2, 3):
        with pytest.raises(Stop):
            mfgp.screen(model, frame, progress=stopping(chunks), **kept)
    told: list[Any] = []
    found = mfgp.screen(model, frame, progress=told.append, **kept)
    assert [each.fresh for each in told] == [200, 400, 500]
    pd.testing.assert_frame_equal(found.best, through.best, check_exact=True)
    assert found.diverse is not None
    pd.testing.assert_frame_equal(found.diverse, through.diverse, check_exact=True)
    assert found.histogram == through.histogram
    pd.testing.assert_frame_equal(found.bad, through.bad)
    assert found.bad_counts.equals(through.bad_counts)
    assert (tmp_path / "bad.csv").read_text() == (tmp_path / "all.csv").read_text()
    again = mfgp.screen(model, frame, progress=stopping(1), **kept)  # no chunk is left to stop at
    pd.testing.assert_frame_equal(again.best, through.best, check_exact=True)


def test_an_iterator_goes_on_where_it_was(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    def frames() -> Iterator[pd.DataFrame]:
        return (pool.iloc[start : start + 300] for start in range(0, 1500, 300))

    through = mfgp.screen(model, frames(), where=WINDOW)
    with pytest.raises(Stop):
        mfgp.screen(model, frames(), where=WINDOW, checkpoint=tmp_path / "state", progress=stopping(2))
    found = mfgp.screen(model, frames(), where=WINDOW, checkpoint=tmp_path / "state")
    pd.testing.assert_frame_equal(found.best, through.best, check_exact=True)


def test_a_killed_run_goes_on(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    dirty(pool).to_parquet(tmp_path / "pool.parquet", row_group_size=250)
    options: dict[str, Any] = {"where": WINDOW, "given": "low", "keep": "name", "top": 20, "diverse": 3}
    files = {name: str(tmp_path / name) for name in ("checkpoint", "scored", "bad_rows")}
    kept = options | files | {"chunk_rows": 100}
    path = str(tmp_path / "pool.parquet")
    pd.to_pickle((model, path, kept), tmp_path / "run.pickle")
    environment = os.environ | {"PYTHONPATH": str(Path(mfgp.__file__).parents[1])}
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as stopped:
        assert stopped.stdout is not None
        done = 0
        while done < 700:
            done = int(stopped.stdout.readline())
        stopped.send_signal(signal.SIGKILL)
    assert stopped.returncode == -signal.SIGKILL
    told: list[Any] = []
    found = mfgp.screen(model, path, progress=told.append, **kept)
    assert 0 < told[-1].fresh <= 1500 - done + 100
    through = mfgp.screen(model, path, bad_rows=tmp_path / "all.csv", **options)
    pd.testing.assert_frame_equal(found.best, through.best, check_exact=True)
    assert found.diverse is not None
    pd.testing.assert_frame_equal(found.diverse, through.diverse, check_exact=True)
    assert (tmp_path / "bad_rows").read_text() == (tmp_path / "all.csv").read_text()
    assert len(pd.read_parquet(tmp_path / "scored")) == 1500


def test_another_screening_is_refused(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    kept: dict[str, Any] = {"where": WINDOW, "checkpoint": tmp_path / "state", "top": 5}
    mfgp.screen(model, pool, **kept)
    X = pool.loc[:19, ["a", "b"]]
    other = mfgp.DifferenceGP().fit(X, pd.DataFrame({"low": X["a"], "high": X["b"]}))
    for options, message in [
        ({"where": "high > 1"}, "where was .* and is high > 1"),
        ({"rank_by": "high"}, r"rank_by was Probability\(\) and is Mean\(of=high\)"),
        ({"top": 6}, "top was 5 and is 6. Ask"),
        ({"chunk_rows": 7}, "chunk_rows was 32768 and is 7"),
        ({"observed": True}, "observed was False and is True"),
    ]:
        with pytest.raises(ParameterError, match=f"is the checkpoint of another screening: {message}"):
            mfgp.screen(model, pool, **kept | options)
    with pytest.raises(ParameterError, match="the model's predictions at the first rows of the pool are others"):
        mfgp.screen(other, pool, **kept | {"precision": "single"})
    changed = pool.copy()
    changed.loc[1400, "a"] += 0.1
    with pytest.raises(ParameterError, match="pool was .*'hash': .* and is"):
        mfgp.screen(model, changed, **kept)


def test_what_is_no_checkpoint_is_told(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("text")
    with pytest.raises(DataError, match="state is no checkpoint of a screening; give another path"):
        mfgp.screen(model, pool, where=WINDOW, checkpoint=tmp_path / "state")
    pool.to_parquet(tmp_path / "state")
    with pytest.raises(DataError, match="state is no checkpoint of a screening"):
        mfgp.screen(model, pool, where=WINDOW, checkpoint=tmp_path / "state")


def test_the_file_of_bad_rows_has_to_be_there(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    kept: dict[str, Any] = {"where": WINDOW, "checkpoint": tmp_path / "state", "bad_rows": tmp_path / "bad.csv"}
    mfgp.screen(model, dirty(pool), **kept)
    (tmp_path / "bad.csv").unlink()
    with pytest.raises(DataError, match="bad.csv lacks bad rows that were found before the screening was stopped"):
        mfgp.screen(model, dirty(pool), **kept)


def test_parts_of_another_scored_pool_are_refused(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    options: dict[str, Any] = {"rank_by": "high", "scored": tmp_path / "scored"}
    mfgp.screen(model, pool.head(1000), chunk_rows=100, **options)
    with pytest.raises(DataError, match=r"scored holds 10 parts of a scored pool already, first part-000000\.parquet"):
        mfgp.screen(model, pool.head(500), chunk_rows=250, checkpoint=tmp_path / "new" / "state", **options)
    assert len(pd.read_parquet(tmp_path / "scored")) == 1000
    assert not (tmp_path / "new").exists()


def test_parts_that_were_scored_have_to_be_there(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    kept: dict[str, Any] = {"rank_by": "high", "scored": tmp_path / "scored", "checkpoint": tmp_path / "state"}
    with pytest.raises(Stop):
        mfgp.screen(model, pool, chunk_rows=200, progress=stopping(3), **kept)
    (tmp_path / "scored" / "part-000001.parquet").unlink()
    with pytest.raises(DataError, match=r"scored lacks 1 parts that were scored .*, first part-000001\.parquet"):
        mfgp.screen(model, pool, chunk_rows=200, **kept)


def test_a_run_that_is_stopped_in_its_first_chunk_goes_on(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise Stop

    kept: dict[str, Any] = {"rank_by": "high", "scored": tmp_path / "scored", "checkpoint": tmp_path / "state"}
    with monkeypatch.context() as patched:
        patched.setattr("mfgp.screening.tally.Tally.followed_by", stop)
        with pytest.raises(Stop):
            mfgp.screen(model, pool, chunk_rows=400, **kept)
    mfgp.screen(model, pool, chunk_rows=400, **kept)
    assert len(pd.read_parquet(tmp_path / "scored")) == len(pool)


def test_every_row_tells_one_pool_from_another(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    import pyarrow

    many = pd.concat([pool] * 3, ignore_index=True)
    changed = many.copy()
    changed.loc[2200, "b"] += 0.1
    for name, form in {"frame": lambda frame: frame, "arrow": pyarrow.Table.from_pandas}.items():
        kept: dict[str, Any] = {"rank_by": "high", "checkpoint": tmp_path / name, "top": 3}
        first = mfgp.screen(model, form(many), **kept)
        pd.testing.assert_frame_equal(mfgp.screen(model, form(many), **kept).best, first.best)
        with pytest.raises(ParameterError, match="pool was .*'hash': .* and is"):
            mfgp.screen(model, form(changed), **kept)


def test_what_a_parquet_file_cannot_keep_is_told_at_once(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path
) -> None:
    message = "of the pool holds values that a Parquet file cannot keep, of several types or tuples, such as"
    options: dict[str, Any] = {"rank_by": "high", "checkpoint": tmp_path / "state"}
    with pytest.raises(DataError, match=f"column 'index' {message}"):
        mfgp.screen(model, pool.set_index(["name", "cost"]), **options)
    mixed = pool.assign(id=pool["name"].astype(object).where(pool.index % 2 == 0, 7))
    with pytest.raises(DataError, match=f"column 'id' {message}"):
        mfgp.screen(model, mixed, keep="id", **options)
    late = pool.assign(id=pool["name"].astype(object).where(pool.index < 700, 7))
    with pytest.raises(DataError, match=f"column 'id' {message}"):
        mfgp.screen(model, late, keep="id", chunk_rows=600, **options)


def test_folders_of_files_are_made(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    files = {name: tmp_path / name / "file" for name in ("checkpoint", "bad_rows", "scored")}
    mfgp.screen(model, pool.head(20), rank_by="high", **files)
    assert all(path.exists() for path in files.values())
    (tmp_path / "taken").write_text("")
    for name in files:
        with pytest.raises(DataError, match=f"the folder .*taken.* cannot be made .*; give another {name}="):
            mfgp.screen(model, pool.head(20), rank_by="high", **{name: tmp_path / "taken" / "deep" / "file"})
    with pytest.raises(DataError, match="bad_rows=.* is a folder, expected a file; write bad_rows="):
        mfgp.screen(model, pool.head(20), rank_by="high", bad_rows=tmp_path)
