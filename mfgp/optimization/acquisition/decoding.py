"""Rows as a model reads them, turned back into a frame."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd
from torch import Tensor

from mfgp.architectures.regressor import Regressor


def decoded(estimator: Regressor, rows: Tensor) -> pd.DataFrame:
    """Rows (n, d) as a fitted estimator's model reads them, codes of levels among them, as the frame of its inputs."""
    inputs = estimator._inputs
    columns: dict[Hashable, object] = {}
    for place, (name, values) in enumerate(zip(inputs.columns, rows.T.cpu().numpy(), strict=True)):
        levels = inputs.levels.get(place)
        columns[name] = (
            values if levels is None else pd.Categorical.from_codes(values.astype(int), pd.Index(levels.values))
        )
    return pd.DataFrame(columns)
