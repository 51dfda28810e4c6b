"""What a fitted model has learned, as tables and as files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mfgp.architectures.regressor import Regressor

TABLES = ["task_correlation", "rho", "embedding", "noise", "lengthscales", "value_lengthscales", "level_embeddings"]


def learned(model: Regressor) -> dict[str, pd.DataFrame]:
    """The tables that this architecture has, by name; long ones stand upright."""
    found = {name: getattr(model, f"{name}_") for name in TABLES if hasattr(type(model), f"{name}_")}
    found["noise"] = found["noise"].to_frame()
    found["lengthscales"] = found["lengthscales"].T
    return {name: table for name, table in found.items() if not table.empty}


def write_learned(model: Regressor, folder: Path) -> None:
    """Write each table as a CSV file, the report of the fit as report.json, and the model itself as model.mfgp."""
    for name, table in learned(model).items():
        table.to_csv(folder / f"{name}.csv")
    report = {
        "architecture": type(model).__name__,
        "parameters": model.get_params(),
        "tasks": model.tasks_,
        "fit": asdict(model.fit_report_),
    }
    (folder / "report.json").write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")
    model.save(folder / "model.mfgp")
