"""A screening that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mfgp.errors import DataError, ParameterError
from mfgp.screening.arrow import arrow, require_storable, write_table
from mfgp.screening.bad_rows import BadRows
from mfgp.screening.histogram import Histogram
from mfgp.screening.ranking import Ranking
from mfgp.screening.tally import Tally, write_whole

SIZES = ("top", "diverse")  # which matter by the number of rows that are kept for them
KEY = b"mfgp.screening"
CLOSE = 1e-6  # relative difference of predictions that are those of one model on two machines


@dataclass(frozen=True)
class Checkpoint:
    """A Parquet file with the best rows so far, and all else in its metadata; it is replaced whole after each chunk.

    Parameters
    ----------
    path
        The file.
    described
        What tells this screening from another, by the names of what a user gives.
    foreseen
        Predictions at the first rows of the pool, which tell one model from another.
    """

    path: Path
    described: Mapping[str, Any]
    foreseen: np.ndarray

    def read(self, size: int) -> Tally:
        """The state that was kept, or the empty one where there is no file.

        Raises
        ------
        DataError
            The file is no checkpoint.
        ParameterError
            It is that of another screening; the message says what differs.
        """
        if not self.path.exists():
            return Tally.empty(size)
        try:
            table = arrow("parquet").read_table(self.path)
            state = json.loads(table.schema.metadata[KEY])
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{self.path} is no checkpoint of a screening; give another path, or delete it") from error
        self._require_same(state)
        figures, rows = state["figures"], state["columns"]
        frame = table.to_pandas(ignore_metadata=True)
        frame.columns = pd.Index([*figures, *rows], tupleize_cols=False)
        bad = BadRows.none()
        if state["bad"]:
            bad = BadRows(pd.DataFrame(state["bad"]), {(c, p): n for c, p, n in state["bad_counts"]})
        ranking = Ranking(size, frame.iloc[:, : len(figures)], frame.iloc[:, len(figures) :])
        histogram = Histogram.from_dict(state["histogram"])
        return Tally(state["chunks"], state["rows"], state["ranked"], ranking, histogram, bad)

    def write(self, tally: Tally) -> None:
        """Keep the state."""
        figures, rows = tally.ranking.figures, tally.ranking.rows
        frame = pd.concat([figures, rows], axis="columns")
        require_storable(frame)
        frame.columns = pd.Index([f"{place}" for place in range(frame.shape[1])])
        state = {
            "described": self.described,
            "foreseen": self.foreseen.tolist(),
            "chunks": tally.chunks,
            "rows": tally.rows,
            "ranked": tally.ranked,
            "figures": list(figures.columns),
            "columns": list(rows.columns),
            "histogram": tally.histogram.as_dict(),
            "bad": tally.bad.listed.to_dict("records"),
            "bad_counts": [[column, problem, count] for (column, problem), count in tally.bad.counts.items()],
        }
        write_whole(self.path, lambda path: write_table(frame, path, {KEY: json.dumps(state)}))

    def _require_same(self, state: Mapping[str, Any]) -> None:
        before, now = state["described"], json.loads(json.dumps(self.described))
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if "kept" in names:
            names.remove("kept")
        else:
            names = [name for name in names if name not in SIZES]
        differ = [f"{name} was {before.get(name)} and is {now.get(name)}" for name in names]
        foreseen = np.array(state["foreseen"])
        if foreseen.shape != self.foreseen.shape or not np.allclose(
            foreseen, self.foreseen, rtol=CLOSE, atol=0.0, equal_nan=True
        ):
            differ.append("the model's predictions at the first rows of the pool are others")
        if differ:
            raise ParameterError(
                f"{self.path} is the checkpoint of another screening: {'; '.join(differ)}. Ask the same as then, or "
                "give another checkpoint="
            )
