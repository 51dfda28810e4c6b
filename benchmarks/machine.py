"""What a figure depends on besides the code: the machine, its load, the versions, the commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_info

LIBRARIES = (
    "mfgp",
    "torch",
    "gpytorch",
    "botorch",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "emukit",
    "GPy",
    "smt",
)


def describe() -> dict[str, Any]:
    """The machine and the software, as they are now."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": load(),
        "python": platform.python_version(),
        "versions": {name: found for name in LIBRARIES if (found := _version(name))},
        "commit": _commit(),
        "torch_threads": torch.get_num_threads(),
        "blas": [
            {key: pool[key] for key in ("internal_api", "version", "num_threads", "architecture") if key in pool}
            for pool in threadpool_info()
        ],
    }


def load() -> list[float]:
    """Processes that ran or waited, averaged over the last 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit, marked where tracked files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        run = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()
