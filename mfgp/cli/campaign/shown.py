"""Tables of a campaign on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd


def shown(frame: pd.DataFrame) -> Table:
    """A small frame of numbers and text, numbers to four digits and what is missing left out."""
    table = Table(box=None, pad_edge=False)
    table.add_column(str(frame.index.name or ""), no_wrap=True)
    for column in frame.columns:
        table.add_column(str(column), justify="right")
    for label, line in zip(frame.index, frame.itertuples(index=False, name=None), strict=True):
        table.add_row(str(label), *map(_cell, line))
    return table


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
