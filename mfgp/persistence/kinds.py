"""What can stand in a document: the kinds of values, and how each is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from mfgp.data.inputs import Inputs
from mfgp.data.labels import Labels
from mfgp.data.levels import Levels
from mfgp.data.tasks import Tasks
from mfgp.inference.report import FitReport, SamplingReport, StartReport

VALUES: dict[str, type] = {
    kind.__name__: kind for kind in (Inputs, Levels, Tasks, Labels, FitReport, StartReport, SamplingReport)
}


class Told(NamedTuple):
    """How values of one type are told as JSON, and read from it."""

    type: type
    tell: Callable[[Any], Any]
    read: Callable[[Any], Any]


SCALARS: dict[str, Told] = {
    "float": Told(float, repr, float),  # those that JSON has no number for
    "timestamp": Told(
        pd.Timestamp, lambda t: [t.isoformat(), t.unit], lambda told: pd.Timestamp(told[0]).as_unit(told[1])
    ),
    "timedelta": Told(
        pd.Timedelta, lambda t: [t.isoformat(), t.unit], lambda told: pd.Timedelta(told[0]).as_unit(told[1])
    ),
    "interval": Told(pd.Interval, lambda i: [i.left, i.right, i.closed], lambda told: pd.Interval(*told)),
    "date": Told(date, date.isoformat, date.fromisoformat),
    "datetime": Told(datetime, datetime.isoformat, datetime.fromisoformat),
    "device": Told(torch.device, str, torch.device),
    "missing": Told(type(pd.NA), str, lambda _: pd.NA),
    "no time": Told(type(pd.NaT), str, lambda _: pd.NaT),
}
TAGS = {told.type: tag for tag, told in SCALARS.items()}


def is_plain(value: Any) -> bool:
    """Whether JSON has the value as it is."""
    return value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))


def is_number(value: Any) -> bool:
    """Whether a value is a scalar of numpy's that a Python scalar holds without loss."""
    return (
        isinstance(value, np.generic) and value.dtype.kind in "biufU" and type(value.item()) in (bool, int, float, str)
    )


def arguments(value: Any) -> dict[str, Any]:
    """What a data class or an estimator was made with."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    found: dict[str, Any] = value.get_params(deep=False)
    return found
