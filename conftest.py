"""Settings of every test run: one thread a process, no screen, the same hypothesis examples each time."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import settings

settings.register_profile("mfgp", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("mfgp")
