"""Screening of large pools: peak memory, and a run of ten million rows that is killed and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

import mfgp
from benchmarks.context import Context
from benchmarks.memory import peak_mib
from benchmarks.screening_model import INPUTS, SIZE, WHERE, fitted, rows_of

SMALL, LARGE = 1_000_000, 10_000_000
CHUNK = 1 << 15
PIECE, GROUPS = 1_000_000, 8  # rows written at once, in so many row groups
MEMORY_TARGET_MIB, GROWTH_TARGET = 1536, 1.1


def run(context: Context) -> pd.DataFrame:
    """One line a question."""
    quick = context.settings.quick
    small, large, size, chunk = (2000, 6000, 30, 500) if quick else (SMALL, LARGE, SIZE, CHUNK)
    context.note(
        f"Pools of {small} and {large} rows and {INPUTS} inputs from Parquet, in chunks of {chunk} rows at most, each "
        f"within a row group of {min(PIECE, small) // GROUPS} rows; a window's probability by MultiTaskGP of two "
        f"tasks, fitted to n={size}; precision 'auto', one thread, a checkpoint after each chunk. Each screening is a "
        "process of its own, whose peak memory counts: Python, torch and the model with it."
    )
    context.note(
        f"{large} rows twice at the same time: once without a stop, and once killed by SIGKILL when half was done, and "
        "then resumed. The 100 best rows, with all their figures, have to be equal to the last bit. Repeated is what "
        "the killed process had reported as done and the second one did again; the chunk that was scored when "
        "the signal came is lost besides."
    )
    with context.progress(3) as step, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pd.to_pickle(fitted(size), folder / "model.pickle")
        step(f"{small} rows")
        few = _through(folder, "small", small, chunk)
        context.record(question="through", **few)
        step(f"{large} rows")
        many, stopped = _killed_and_through(folder, large, chunk)
        context.record(question="through", **many)
        context.record(question="killed", **stopped)
        step("done")
    return _summary(few, many, stopped, chunk)


def _summary(few: dict[str, Any], many: dict[str, Any], stopped: dict[str, Any], chunk: int) -> pd.DataFrame:
    growth = many["peak"] / few["peak"]
    table = [
        _line("peak memory, MiB", line, line["peak"], line["peak"] <= MEMORY_TARGET_MIB, MEMORY_TARGET_MIB)
        | {"CPU rows/s": line["rows"] / line["cpu"]}
        for line in (few, many)
    ]
    table += [
        _line(f"peak memory over that of {few['rows']} rows", many, growth, growth <= GROWTH_TARGET, GROWTH_TARGET),
        _line("rows repeated after SIGKILL", stopped, stopped["repeated"], stopped["repeated"] <= chunk, chunk),
        _line("rows unlike those of the run without a stop", stopped, stopped["unlike"], stopped["unlike"] == 0, 0),
    ]
    return pd.DataFrame(table)


def work(name: str, pool: str, chunk: int) -> None:
    """Screen a pool of this folder; say after each chunk how much is done, and at the end the peak memory."""
    found = mfgp.screen(
        pd.read_pickle("model.pickle"),
        pool,
        where=WHERE,
        top=100,
        chunk_rows=chunk,
        checkpoint=f"{name}.state",
        progress=lambda progress: print(progress.rows, progress.fresh, flush=True),
    )
    found.best.to_pickle(f"{name}.pickle")
    print(peak_mib(), time.process_time(), flush=True)


def write_pool(path: Path, count: int) -> None:
    """Rows as Parquet, a piece at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    step = min(count, PIECE)
    with pq.ParquetWriter(path, pa.Table.from_pandas(rows_of(1, 0)).schema) as writer:
        for place in range(count // step):
            writer.write_table(pa.Table.from_pandas(rows_of(step, seed=100 + place)), row_group_size=step // GROUPS)


def _through(folder: Path, name: str, count: int, chunk: int) -> dict[str, Any]:
    """Screen a pool of its own without a stop."""
    write_pool(folder / f"{name}.parquet", count)
    began = time.perf_counter()
    told, _ = _process(folder, name, f"{name}.parquet", chunk).communicate()
    return _figures(told, count, time.perf_counter() - began)


def _killed_and_through(folder: Path, count: int, chunk: int) -> tuple[dict[str, Any], dict[str, Any]]:
    write_pool(folder / "large.parquet", count)
    began = time.perf_counter()
    other = _process(folder, "through", "large.parquet", chunk)
    first = _process(folder, "killed", "large.parquet", chunk)
    assert first.stdout is not None
    done = 0
    while done < count // 2:
        done = int(first.stdout.readline().split()[0])
    first.send_signal(signal.SIGKILL)
    last = first.communicate()[0].splitlines()
    done = max([done, *(int(line.split()[0]) for line in last if len(line.split()) == 2)])
    second, _ = _process(folder, "killed", "large.parquet", chunk).communicate()
    stopped = _figures(second, count, time.perf_counter() - began)
    told, _ = other.communicate()
    many = _figures(told, count, time.perf_counter() - began)
    resumed, through = (pd.read_pickle(folder / f"{name}.pickle") for name in ("killed", "through"))
    same = (resumed == through).all(axis=1) if resumed.shape == through.shape else pd.Series([False] * len(through))
    fresh = int(second.splitlines()[-2].split()[1])
    return many, stopped | {"killed_at": done, "repeated": done + fresh - count, "unlike": int((~same).sum())}


def _figures(told: str, count: int, wall: float) -> dict[str, Any]:
    peak, seconds = map(float, told.splitlines()[-1].split())
    return {"rows": count, "peak": peak, "cpu": seconds, "wall": wall}


def _line(question: str, figures: dict[str, Any], value: float, met: bool, target: float) -> dict[str, Any]:
    return {
        "question": question,
        "rows": figures["rows"],
        "value": value,
        "target": target,
        "met": "yes" if met else "NO",
    }


def _process(folder: Path, name: str, pool: str, chunk: int) -> subprocess.Popen[str]:
    code = f"from benchmarks.suites.screen_large import work; work({name!r}, {pool!r}, {chunk})"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
