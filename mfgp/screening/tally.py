"""What is known after some of the chunks: of one chunk, or of all so far."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mfgp.screening.arrow import require_storable, write_table
from mfgp.screening.bad_rows import BadRows
from mfgp.screening.histogram import Histogram
from mfgp.screening.ranking import Ranking
from mfgp.screening.scoring import Scorer
from mfgp.screening.source import Chunk


@dataclass(frozen=True)
class Tally:
    """The best rows, the histogram of all scores and the bad rows, of chunks that follow one another.

    Parameters
    ----------
    chunks, rows
        How many.
    ranked
        Rows whose probability is large enough to be ranked.
    ranking, histogram, bad
        Of these rows.
    every_bad
        Of one chunk, all its bad rows.
    """

    chunks: int
    rows: int
    ranked: int
    ranking: Ranking
    histogram: Histogram
    bad: BadRows
    every_bad: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def empty(cls, size: int) -> Tally:
        """Before the first chunk, for so many rows to be kept."""
        return cls(0, 0, 0, Ranking(size, pd.DataFrame(), pd.DataFrame()), Histogram(), BadRows.none())

    def followed_by(self, other: Tally) -> Tally:
        """With the chunks after these."""
        return Tally(
            self.chunks + other.chunks,
            self.rows + other.rows,
            self.ranked + other.ranked,
            self.ranking.followed_by(other.ranking, self.rows),
            self.histogram.merged(other.histogram),
            self.bad.followed_by(other.bad, self.rows),
        )


@dataclass(frozen=True)
class Counter:
    """Scores a chunk and counts it; it can be sent to another process.

    Parameters
    ----------
    scorer
        Model and question.
    size
        How many of the best rows are kept.
    folder
        Where the scored chunk goes, as a Parquet file; None for nowhere.
    """

    scorer: Scorer
    size: int
    folder: Path | None = None

    def __call__(self, chunk: Chunk) -> Tally:
        """Read, score and count."""
        return self.count(chunk.number, chunk.load())

    def count(self, number: int, frame: pd.DataFrame) -> Tally:
        """Score and count rows that have been read."""
        scored = self.scorer(frame, moments=self.folder is not None)
        if self.folder is not None:
            kept = frame[list(self.scorer.question.keep)].reset_index(drop=True)
            problems = scored.bad.set_index("row")["problem"].astype("string")
            table = kept.join(scored.figures.set_index("row")).join(problems)
            require_storable(table)
            write_whole(self.folder / part_name(number), lambda path: write_table(table, path))
        question, figures, rows = self.scorer.question, scored.figures, scored.rows
        histogram = Histogram.of(figures["score"].to_numpy())
        if question.least > 0.0:
            enough = figures["probability"].to_numpy() >= question.least
            figures, rows = figures[enough], rows[enough]
        ranked = len(figures)
        ranking = Ranking.of(self.size, *_longest(self.size, figures, rows))
        return Tally(1, len(frame), ranked, ranking, histogram, BadRows.of(scored.bad), scored.bad)


def part_name(number: int) -> str:
    """The file of a scored chunk."""
    return f"part-{number:06}.parquet"


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file such that it is there whole or not at all, whenever the process is stopped."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write(beside)
    os.replace(beside, path)


def _longest(size: int, figures: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that can be among the best: those with at least the score of the last of these."""
    if len(figures) <= size:
        return figures, rows
    scores = figures["score"].to_numpy()
    enough = scores >= np.partition(scores, -size)[-size]
    return figures[enough], rows[enough]
